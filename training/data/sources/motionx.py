"""Motion-X and Motion-X++ (github.com/IDEA-Research/Motion-X): SMPL-X parameters or published feature rows, with texts.

A row of 322 numbers at 30 frames a second: root and body 0:66, hands 66:156, jaw, expression and shape of the face
156:309 (dropped), trans 309:312, betas 312:322. Of a clip that is there as parameters and as rows the parameters are
taken: they are true rotations. A text is one sentence a line, in the subset ``humanml`` lines of HumanML3D.

Which axis points up is written nowhere. The authors' scripts turn their Z-up sources to Y up (first release, 2023);
files of Motion-X++ (2024) lay on their backs or stood on their heads for those who read them so (issues 81, 91, 95 and
98; HumanTOMATO 30), and users of its re-issue of 2025 read it either way. So it is measured, subset by subset.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np

from backend.motion import rotations as rot
from backend.motion import smplx_io
from backend.motion.features import motionx623
from backend.motion.formats.bounded_npy import ArraysError, Wanted, read_array
from backend.motion.motion import Motion

from .. import caption_lines
from . import bodies
from .bodies import body
from .listing import none_found
from .motionx_layout import MOTIONS, ROWS, Layout, label_of, sentence, subject_of, subset_of
from .take import Item, Rows, Skipped, Take, Terms

FPS = Fraction(30)
WIDTH = 322
_PARAMETERS = ("T", WIDTH)
_WANTED = Wanted("f", (_PARAMETERS, ("T", motionx623.WIDTH)))
_SAMPLED = 16  # clips of a subset
_FASTEST = 12.0  # metres a second on average: no runner keeps that up


@dataclass(frozen=True)
class MotionX:
    """``folder``: see ``motionx_layout``; archives must be unpacked. ``body_models``: a folder with
    ``smplx/SMPLX_NEUTRAL.npz``, as the data name no gender; without it the joints are those of our canonical skeleton.
    ``up``: "y", "z" or "-y" for all subsets; None measures it."""

    folder: Path
    body_models: Path | None = None
    up: str | None = None
    name = "motionx"
    together = 256
    terms = Terms(
        "Motion-X and Motion-X++",
        "https://motion-x-dataset.github.io",
        "non-commercial research, on request "
        "(https://motion-x-dataset.github.io/static/license/Motion-X%20License.pdf); every subset has terms of its own",
    )

    def items(self) -> Iterator[Item]:
        """One a clip, parameters first, then what is there as rows alone; ValueError when there is neither."""
        if self.up is not None and self.up not in smplx_io.UP_AXES:
            raise ValueError(f"up is {self.up!r}; accepted: {', '.join(smplx_io.UP_AXES)}, or None to measure it")
        for folder in (self.folder, self.body_models):
            if folder is not None and not folder.is_dir():
                raise FileNotFoundError(f"{folder} is not a folder")
        layout, empty = Layout(self.folder), True
        for clip, path in layout.clips():
            empty = False
            text = layout.text(clip)
            yield Item(clip, (path,) if text is None else (path, text))
        if empty:
            raise none_found(self.folder, f"{MOTIONS[0]}/.../<clip>.npy nor {ROWS[0]}/.../<clip>.npy, unpacked")

    def beside(self) -> list[Path]:
        return [*Layout(self.folder).lists(), *bodies.files(self.body_models)]

    def read(self, item: Item) -> Iterator[Take | Skipped]:
        """The take of a clip, with hands where they move; skipped where others have a text and it has none. ValueError
        names file and reason."""
        path, *texts = item.paths
        layout = Layout(self.folder)
        if layout.texts and not texts:
            yield Skipped(item.id, path, "has no text")
            return
        values = read_array(path, _WANTED)
        motion = rows = None
        if values.shape[1] == motionx623.WIDTH:
            rows = Rows(motionx623.NAME, values.astype(np.float32))
        else:
            motion = self._motion(item.id, path, parameters(values))
        captions = tuple(line for text in texts for line in caption_lines.read(text, sentence))
        subject, label, split = subject_of(item.id) or self.name, label_of(item.id), layout.split(item.id)
        yield Take(item.id, self.name, subject, label, motion, None, rows, captions, split)

    def _motion(self, clip: str, path: Path, told: smplx_io.Parameters) -> Motion:
        steps = np.linalg.norm(np.diff(told.trans, axis=0), axis=1)
        speed = steps.sum() / len(told.trans) * float(FPS)
        if speed > _FASTEST:  # the subset aist is published in other units, for the authors' own script to divide
            message = f"moves at {speed:.0f} m/s throughout: not in metres; aist needs Motion-X's aist.py run first"
            raise ArraysError(path, None, message)
        kind = "smplx52" if smplx_io.hands_move(told.poses) else "smpl22"
        model = body(self.body_models, told.body, told.gender) if self.body_models else None
        return smplx_io.to_motion(told, model, up=self.up or measured_up(self.folder, subset_of(clip)), kind=kind)


@lru_cache(maxsize=64)  # once a process: a source travels to its workers anew with every part of the work
def measured_up(folder: Path, subset: str) -> str:
    """Which axis points up in a subset, by clips spread over it; those that cannot be read are passed over."""
    paths = Layout(folder).motions_of(subset)
    orients = [np.zeros((0, 3))]
    for path in paths[:: -(-len(paths) // _SAMPLED)]:
        try:
            orients.append(read_array(path, Wanted("f", (_PARAMETERS,)))[:, :3])
        except ArraysError:
            continue
    return upright_axis(np.concatenate(orients))


def parameters(values: np.ndarray) -> smplx_io.Parameters:
    """What rows (T, 322) mean, in the file's axes; the shape, the same in all frames, is their mean."""
    poses = values[:, :156].reshape(len(values), 52, 3)
    return smplx_io.Parameters(poses, values[:, 309:312], values[:, 312:].mean(axis=0), "neutral", FPS)


def upright_axis(orients: np.ndarray) -> str:
    """The axis along which most pelvises stand, within 45 degrees, of root rotation vectors (N, 3); "y" for a tie."""
    spines = rot.rotate(rot.exp(orients), np.array([0.0, 1.0, 0.0]))
    along = {"y": spines[:, 1], "z": spines[:, 2], "-y": -spines[:, 1]}
    return max(along, key=lambda axis: np.count_nonzero(along[axis] > np.cos(np.pi / 4)))
