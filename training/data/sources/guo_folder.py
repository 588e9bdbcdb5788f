"""What HumanML3D and KIT-ML share: the folder that the scripts of Guo et al. make (papers.md 1.6, 1.8).

=======================  ============================================================================================
file                     content
=======================  ============================================================================================
new_joint_vecs/ID.npy    feature rows (T, width), taken as they are
new_joints/ID.npy        joint positions (T, J, 3); where there are no rows, T - 1 are made of these
texts/ID.txt, texts.zip  sentences
all.txt                  the IDs, one a line; of a mirrored clip an M and the ID of what it mirrors
train.txt, val.txt, ...  the IDs of each split
=======================  ============================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import numpy as np

from backend.motion.formats.bounded_npy import Wanted, read_array
from backend.motion.formats.text import FormatError, read_text

from .guo_texts import GuoTexts
from .take import SPLITS, Item, Rows, Skipped, Take, Terms

VECTORS, JOINTS = "new_joint_vecs", "new_joints"
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LIST_BYTES = 2**24
_LARGEST = 1e9  # of metres or millimetres: nothing that moves, and float32 holds its square


@dataclass(frozen=True)
class GuoFolder:
    """``folder`` holds what the table says; ``codec`` is the module of its rows."""

    folder: Path
    name: ClassVar[str]
    together: ClassVar[int] = 256
    terms: ClassVar[Terms]
    codec: ClassVar[ModuleType]

    def items(self) -> Iterator[Item]:
        """One a clip, in the order of all.txt; FileNotFoundError or ValueError for a folder of another layout."""
        self.check()
        for clip in self.ids():
            yield Item(clip, (self.motion_path(clip), self.texts.path(clip)))

    def beside(self) -> list[Path]:
        return [path for name in (*SPLITS, "all") if (path := self.folder / f"{name}.txt").is_file()]

    def read(self, item: Item) -> Iterator[Take | Skipped]:
        """The take of a clip, or what is wrong with its files."""
        try:
            captions = self.texts.captions(item.id)
            rows = Rows(self.codec.NAME, self.rows(item.id).astype(np.float32))
        except ValueError as reason:
            yield Skipped(item.id, item.paths[0], str(reason))
        else:
            split = self.splits.get(item.id)
            yield Take(item.id, self.name, self.subject(item.id), "", rows=rows, captions=captions, split=split)

    def check(self) -> None:
        """FileNotFoundError or ValueError for what would be wrong with every clip."""
        if not self.folder.is_dir():
            raise FileNotFoundError(f"{self.folder} is not a folder")
        if not self.has_motions():
            below = next(iter(sorted(self.folder.glob(f"*/{VECTORS}"))), None)
            hint = f"give {below.parent}" if below else f"is it {self.terms.title}?"
            raise ValueError(f"{self.folder} holds neither {VECTORS} nor {JOINTS}: {hint}")
        _ = self.splits

    def subject(self, clip: str) -> str:
        """Who moves; the source's name where nothing tells."""
        return self.name

    def has_motions(self) -> bool:
        """Whether there can be any."""
        return (self.folder / VECTORS).is_dir() or (self.folder / JOINTS).is_dir()

    def motion_path(self, clip: str) -> Path:
        """The file that ``rows`` reads; of a clip without one, the file that it should have."""
        vectors, joints = (self.folder / kind / f"{clip}.npy" for kind in (VECTORS, JOINTS))
        return joints if joints.is_file() and not vectors.is_file() else vectors

    def rows(self, clip: str) -> np.ndarray:
        """(T, width), finite as float32; FormatError names the file and what is wrong with it."""
        path = self.motion_path(clip)
        if not path.is_file():
            raise FormatError(path, None, f"is not there, and no {JOINTS}/{path.name} either")
        if path.parent.name == JOINTS:
            return self.described(path, _numbers(path, len(self.codec.SKELETON), 3))
        return _numbers(path, self.codec.WIDTH)

    def described(self, path: Path, positions: np.ndarray) -> np.ndarray:
        """The rows of joint positions (T + 1, J, 3); ``path`` is where they come from."""
        try:
            return self.codec.encode_positions(positions)
        except ValueError as reason:
            raise FormatError(path, None, str(reason)) from reason

    def ids(self) -> list[str]:
        """Of all.txt, else of the splits, else of the files that are there."""
        everything = self.folder / "all.txt"
        if everything.is_file():
            return _listed(everything)
        if self.splits:
            return list(self.splits)
        stems = {path.stem for kind in (VECTORS, JOINTS) for path in (self.folder / kind).glob("*.npy")}
        return sorted(stem for stem in stems if ID.fullmatch(stem))

    @cached_property
    def splits(self) -> dict[str, str]:
        """Clip -> split; ValueError for a clip in two of them, on which would be tested what was learnt."""
        found: dict[str, str] = {}
        for split in SPLITS:
            path = self.folder / f"{split}.txt"
            for clip in _listed(path) if path.is_file() else ():
                if found.setdefault(clip, split) != split:
                    raise ValueError(f"{path}: {clip} is in {found[clip]}.txt too; a clip belongs to one split")
        return found

    @cached_property
    def texts(self) -> GuoTexts:
        return GuoTexts(self.folder)


def _numbers(path: Path, *shape: int) -> np.ndarray:
    """The array (T, ...) of a file."""
    found = read_array(path, Wanted("f", (("T", *shape),)))
    if np.abs(found).max() > _LARGEST:
        raise FormatError(path, None, f"holds numbers over {_LARGEST:g}")
    return found


def _listed(path: Path) -> list[str]:
    """The IDs of a list, each once; FormatError for a line that is none."""
    ids: dict[str, None] = {}
    for number, line in enumerate(read_text(path, FormatError, _LIST_BYTES).split("\n"), 1):
        clip = line.strip()
        if clip and not ID.fullmatch(clip):
            raise FormatError(path, number, f"{clip[:60]!r} is no ID: letters, digits, '-' and '_' are accepted")
        if clip:
            ids[clip] = None
    return list(ids)
