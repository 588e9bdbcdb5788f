"""The sentences of HumanML3D and KIT-ML: ``texts/ID.txt``, or ``texts.zip`` as it is published, not unpacked."""

from __future__ import annotations

import logging
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from backend.motion.formats.text import FormatError

from ..caption_lines import MAX_BYTES, CaptionLine, sound_lines

_log = logging.getLogger(__name__)
_ZIP_BYTES, _ZIP_FILES = 2**28, 200_000


@dataclass(frozen=True)
class GuoTexts:
    """``folder``: where ``texts`` or ``texts.zip`` lies."""

    folder: Path

    def path(self, clip: str) -> Path:
        """The file that holds the sentences of a clip, or should."""
        unpacked = self.folder / "texts" / f"{clip}.txt"
        return self._zip if self._zip.is_file() and not unpacked.is_file() else unpacked

    def captions(self, clip: str) -> tuple[CaptionLine, ...]:
        """Those that can be read, at least one; what is wrong with other lines is logged. ValueError names the file."""
        path = self.path(clip)
        if path == self._zip:
            data, name = _zipped(path, path.stat().st_mtime_ns).get(clip), f"{path}/{clip}.txt"
        else:
            data, name = _bytes(path) if path.is_file() else None, str(path)
        if data is None:
            raise ValueError(f"{name} is not there: the clip has no sentence")
        captions, problems = sound_lines(data, name)
        if not captions:
            raise ValueError(problems[0])
        for problem in problems:
            _log.warning("%s; the line is left out", problem)
        return tuple(captions)

    @property
    def _zip(self) -> Path:
        return self.folder / "texts.zip"


@lru_cache(maxsize=2)
def _zipped(path: Path, changed: int) -> dict[str, bytes]:
    """Clip -> its file. All at once and once a process: to look up one takes as long as to read a thousand. ``changed``
    is when the archive was written."""
    try:
        with zipfile.ZipFile(path) as archive:
            # beside the texts macOS packs "__MACOSX/texts/._000000.txt"
            texts = [e for e in archive.infolist() if e.filename.endswith(".txt") and "__MACOSX" not in e.filename]
            total = sum(entry.file_size for entry in texts)
            if len(texts) > _ZIP_FILES or total > _ZIP_BYTES:
                raise FormatError(path, None, f"holds {len(texts):,} texts of {total:,} bytes; unpack it")
            return {PurePosixPath(e.filename).stem: _stored(archive, e) for e in texts}
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as reason:
        raise FormatError(path, None, f"cannot be read as a ZIP of texts ({reason})") from reason


def _bytes(path: Path) -> bytes:
    """What is in a file, and one byte more at most than a file of sentences may have."""
    with open(path, "rb") as file:
        return file.read(MAX_BYTES + 1)


def _stored(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The same of what an archive holds, whatever it says of its size."""
    with archive.open(entry) as file:
        return file.read(MAX_BYTES + 1)
