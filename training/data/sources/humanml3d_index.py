"""HumanML3D's index.csv: from which frames of which recording each clip was cut."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from backend.motion.formats.text import FormatError, read_text

from .guo_folder import ID

HUMANACT12 = "humanact12"
COLUMNS = ("source_path", "start_frame", "end_frame", "new_name")
_MOST_BYTES = 2**25
_START, _END = re.compile(r"[0-9]{1,9}"), re.compile(r"[0-9]{1,9}|-1")
# HumanAct12's recordings, taken whole, are listed as 0,-1; int() would also read "-5", "1_0" and other scripts' digits


@dataclass(frozen=True)
class Span:
    """Frames ``start`` to ``end``, 20 a second, counted as Python's slices do, of the recording ``source``: its place
    below ``pose_data``."""

    source: PurePosixPath
    start: int
    end: int

    @property
    def dataset(self) -> str:
        return self.source.parts[0]

    @property
    def performer(self) -> str:
        """The recording's folder; HumanAct12 has its twelve in one, told apart by the file's name: P01G01R01..."""
        return f"{self.dataset}/{self.source.name[:3]}" if self.dataset == HUMANACT12 else str(self.source.parent)


def read_index(path: Path) -> dict[str, Span]:
    """Clip -> span; FormatError names the line."""
    lines = csv.reader(read_text(path, FormatError, _MOST_BYTES).splitlines())
    found = {}
    try:
        if tuple(next(lines, ())) != COLUMNS:
            raise FormatError(path, 1, f"expected the columns {','.join(COLUMNS)}")
        for line in lines:
            clip, span = _entry(path, lines.line_num, line)
            found[clip] = span
    except csv.Error as reason:
        raise FormatError(path, lines.line_num, str(reason)) from reason
    return found


def _entry(path: Path, number: int, line: list[str]) -> tuple[str, Span]:
    try:
        source, start, end, name = line
        if not (_START.fullmatch(start) and _END.fullmatch(end)):
            raise ValueError("no frames")
        span = Span(PurePosixPath(source.removeprefix("./").removeprefix("pose_data/")), int(start), int(end))
    except ValueError as reason:
        raise FormatError(path, number, f"expected {','.join(COLUMNS)}, got {','.join(line):.80}") from reason
    clip, parts = name.removesuffix(".npy"), span.source.parts
    # it is looked up below the user's folders and must not lead out of them, nor to a drive of Windows
    leads_out = span.source.is_absolute() or ".." in parts or "\\" in source or ":" in source
    if leads_out or len(parts) < 2 or not ID.fullmatch(clip):
        raise FormatError(path, number, f"{source[:80]!r} and {name[:40]!r} are no recording and no clip")
    return clip, span
