"""AMASS (amass.is.tue.mpg.de): ``<dataset>/<subject>/<name>_poses.npz`` (SMPL-H) and ``..._stageii.npz`` (SMPL-X).

A file holds rotations and a body's shape, not where joints are. With the body models that it was made with the joints
are true. Without them the rotations stand on our canonical skeleton: then the performer's proportions are ours, and the
path is off by a constant, some 0.35 m along the ground and 3 cm in height (see ``smplx_io``), which whoever finds the
floor takes out again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.motion import smplx_io

from .. import caption_lines
from . import bodies
from .bodies import body
from .listing import files, none_found
from .naming import words
from .take import Item, Take, Terms

UP = "z"
_SHAPES = re.compile(r"(.*_)?(shape|stagei)\.npz")  # a subject's body alone
_ENDING = re.compile(r"_(poses|stageii)$")


@dataclass(frozen=True)
class Amass:
    """``folder``: datasets at any depth. ``body_models``: a folder with ``smplh/{male,female,neutral}/model.npz`` or
    ``smplx/SMPLX_{MALE,FEMALE,NEUTRAL}.npz``. ``captions``: a folder with the same tree, ``.txt`` for ``.npz``, a
    sentence or a line of HumanML3D in each line; AMASS itself has none."""

    folder: Path
    body_models: Path | None = None
    captions: Path | None = None
    name = "amass"
    together = 64
    terms = Terms(
        "AMASS: Archive of Motion Capture as Surface Shapes",
        "https://amass.is.tue.mpg.de",
        "non-commercial research, education and art, after registration (https://amass.is.tue.mpg.de/license.html); "
        "every data set in it has terms of its own",
    )

    def items(self) -> Iterator[Item]:
        """One a file, by name; the shapes of subjects are left out, and so is SMPL-H where SMPL-X lies beside it."""
        for folder in (self.body_models, self.captions):
            if folder is not None and not folder.is_dir():
                raise FileNotFoundError(f"{folder} is not a folder")
        paths = [path for path in files(self.folder, (".npz",)) if not _SHAPES.fullmatch(path.name)]
        if not paths:
            raise none_found(self.folder, "<dataset>/<subject>/<name>_poses.npz or <name>_stageii.npz")
        present = set(paths)
        for path in paths:
            newer = path.with_name(path.name.replace("_poses.npz", "_stageii.npz"))
            if newer == path or newer not in present:
                name = path.relative_to(self.folder).with_suffix("").as_posix()
                said = self._said(name)
                yield Item(name, (path, said) if said else (path,))

    def beside(self) -> list[Path]:
        return bodies.files(self.body_models)

    def read(self, item: Item) -> Iterator[Take]:
        """The take of a file, Y up, with hands where they move; ValueError or OSError names file and reason."""
        path = item.paths[0]
        told = smplx_io.read_parameters(path)
        model = body(self.body_models, told.body, told.gender) if self.body_models else None
        kind = "smplx52" if smplx_io.hands_move(told.poses) else "smpl22"
        motion = smplx_io.to_motion(told, model, up=UP, kind=kind)
        above = path.relative_to(self.folder).parent.parts
        subject = "/".join(above[-2:]) or self.name
        label = words(_ENDING.sub("", path.stem))
        yield Take(item.id, self.name, subject, label, motion, captions=self._captions(item.id))

    def _captions(self, name: str) -> tuple[caption_lines.CaptionLine, ...]:
        said = self._said(name)
        return tuple(caption_lines.read(said, caption_lines.sentence_or_line)) if said else ()

    def _said(self, name: str) -> Path | None:
        """The file with a recording's sentences."""
        path = None if self.captions is None else self.captions / f"{name}.txt"
        return path if path is not None and path.is_file() else None
