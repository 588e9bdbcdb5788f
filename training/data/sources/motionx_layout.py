"""Where Motion-X and Motion-X++ keep what belongs to a clip, and what a clip's name says.

=============  =========================================================================================================
motions        ``motion_data/smplx_322/<subset>/.../<clip>.npy``; Motion-X++: ``motion/motion_generation/smplx322/...``
feature rows   ``new_joint_vecs/...`` or ``vectors_623/...``, at the top or below ``motion_data``
texts          ``texts/semantic_labels/...``, ``semantic_labels/...``, ``motionx_seq_text_v1.1/...``,
               ``motionx_seq_text/...``; Motion-X++: ``text/semantic_label/...``
splits         ``train.txt``, ``val.txt``, ``test.txt``: clips by name, at the top or in ``split``
=============  =========================================================================================================

All of it may also lie below ``datasets``, as in the authors' repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from backend.motion.formats.text import FormatError, read_text

from .. import caption_lines
from .listing import files
from .naming import words
from .take import SPLITS

MOTIONS = ("motion_data/smplx_322", "motion/motion_generation/smplx322")
ROWS = ("motion_data/new_joint_vecs", "new_joint_vecs", "motion_data/vectors_623", "vectors_623")
TEXTS = (
    "motionx_seq_text_v1.1", "texts/semantic_labels", "semantic_labels", "motionx_seq_text", "text/semantic_label",
)  # fmt: skip
_MOST_LIST_BYTES = 2**25
_SHARD = re.compile(r"subset_\d+")  # folders that hold some hundred clips each and mean nothing
_HUMANML_ID = re.compile(r"M?(\d{6})")  # M: the mirrored twin
_CLIP_NUMBER = re.compile(r"_clip_?\d+$")
_PROMPT_MARKS = re.compile(r"##\w+:\s*")


class Layout:
    """What there is in ``folder``. A clip is named by its path below the motions, without ``.npy``."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.motions = self._present(MOTIONS)
        self.texts = self._present(TEXTS)  # the corrected ones first
        self._texts_of: dict[str, dict[str, Path]] = {}

    def clips(self) -> Iterator[tuple[str, Path]]:
        """Names and files: parameters first, then what is there as rows alone."""
        seen: set[str] = set()
        for root in (*self.motions, *self._present(ROWS)):
            for path in files(root, (".npy",)):
                clip = path.relative_to(root).with_suffix("").as_posix()
                if clip not in seen:
                    seen.add(clip)
                    yield clip, path

    def motions_of(self, subset: str) -> list[Path]:
        """The files of parameters of one subset."""
        roots = [root / subset for root in self.motions]
        return [path for root in roots if root.is_dir() for path in files(root, (".npy",))]

    def text(self, clip: str) -> Path | None:
        """At the clip's own place; else, as archives of Motion-X++ unpack below long paths of their own, the only text
        of that name in its subset."""
        for root in self.texts:
            if (root / f"{clip}.txt").is_file():
                return root / f"{clip}.txt"
        subset = subset_of(clip)
        if subset not in self._texts_of:
            found: dict[str, list[Path]] = {}
            roots = [root / subset for root in self.texts]
            for path in (path for root in roots if root.is_dir() for path in files(root, (".txt",))):
                found.setdefault(path.stem, []).append(path)
            self._texts_of[subset] = {stem: paths[0] for stem, paths in found.items() if len(paths) == 1}
        return self._texts_of[subset].get(clip.rpartition("/")[2])

    def lists(self) -> list[Path]:
        """The files that say which split a clip is in."""
        places = [place / f"{split}.txt" for place in self._present((".", "split")) for split in SPLITS]
        return [path for path in places if path.is_file()]

    def split(self, clip: str) -> str | None:
        """The list that names the clip, None where none does."""
        for path in self.lists():
            if clip in _listed(path, path.stat().st_mtime_ns):
                return path.stem
        return None

    def _present(self, names: tuple[str, ...]) -> list[Path]:
        bases = (self.folder, self.folder / "datasets")
        return [path for base in bases for name in names if (path := base / name).is_dir()]


@lru_cache(maxsize=16)
def _listed(path: Path, changed: int) -> frozenset[str]:
    """The lines of a list; ``changed`` is when the file was, so that it is read again then."""
    return frozenset(line.strip() for line in read_text(path, FormatError, _MOST_LIST_BYTES).split("\n"))


def subset_of(clip: str) -> str:
    """ "idea400" of ``idea400/subset_0001/Jump``; empty where clips lie at the top."""
    return clip.partition("/")[0] if "/" in clip else ""


def subject_of(clip: str) -> str:
    """Its folders without the numbered ones: subset and, where there is one, the performer or the recording. Clips out
    of HumanML3D are known by number alone, and a clip and its mirrored twin belong together."""
    *folders, stem = clip.split("/")
    number = _HUMANML_ID.fullmatch(stem)
    return "/".join([part for part in folders if not _SHARD.fullmatch(part)] + ([number.group(1)] if number else []))


def label_of(clip: str) -> str:
    """The name in words, without the number of the clip that was cut out of a video; empty for a mere number."""
    return words(_CLIP_NUMBER.sub("", clip.rpartition("/")[2]))


def sentence(line: str) -> caption_lines.CaptionLine:
    """A line of a text; some of release 1.1 kept the marks of the prompt that wrote them, "##Input: ##Ouput: ..."."""
    return caption_lines.sentence_or_line(_PROMPT_MARKS.sub("", line))
