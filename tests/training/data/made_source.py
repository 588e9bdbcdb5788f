"""A source of made motions whose items misbehave as their names say: a module, so that worker processes import it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.motion.features import humanml263
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from training.data.caption_lines import CaptionLine
from training.data.sources.take import Item, Rows, Skipped, Take, Terms


@dataclass(frozen=True)
class Made:
    """Every file in ``folder`` is an item; the first word of its name says what it does, its text how many frames."""

    folder: Path
    name: str = "made"
    together: int = 64
    terms = Terms("Made motions", "nowhere", "CC0")

    def items(self) -> Iterator[Item]:
        for path in sorted(self.folder.glob("*.txt")):
            yield Item(path.stem, (path,))

    def beside(self) -> list[Path]:
        return sorted(self.folder.glob("*.lst"))

    def read(self, item: Item) -> Iterator[Take | Skipped]:
        (path,) = item.paths
        kind, frames = item.id.split("_")[0], int(path.read_text())
        if kind == "dies":
            os._exit(3)
        if kind == "slow":
            time.sleep(0.25)
        if kind == "lacks" and not (self.folder / "tool").exists():
            raise FileNotFoundError("the tool is not there")
        if kind == "breaks":
            raise KeyError("nobody expected this")
        if kind == "bad":
            raise ValueError(f"{path.name}: has no frames")
        if kind == "rows":
            yield Take(item.id, self.name, "s1", "turn", rows=Rows("humanml263", humanml263.encode(motion(frames, 20))),
                       captions=(CaptionLine("a person turns"),), split="test")  # fmt: skip
            return
        if kind == "two":
            yield Take(f"{item.id}_a", self.name, "s1", "walk 01", motion(frames))
            yield Skipped(f"{item.id}_b", path, "no bones")
            yield Take(f"{item.id}_c", self.name, "s1", "walk 02", motion(frames))
            return
        yield Take(item.id, self.name, "s2", item.id, motion(frames), captions=(CaptionLine("a person sways"),))


def motion(frames: int, fps: int = 30) -> Motion:
    """Swaying arms on a straight path, at ``fps``."""
    skeleton = canonical()
    t = np.arange(frames) / fps
    rotations = np.zeros((frames, 22, 4))
    rotations[..., 0] = 1.0
    angle = -1.2 + 0.2 * np.sin(3 * t)
    for name, sign in (("left_shoulder", 1), ("right_shoulder", -1)):
        rotations[:, skeleton.index(name), 0] = np.cos(angle / 2)
        rotations[:, skeleton.index(name), 3] = sign * np.sin(angle / 2)
    root = np.stack([0 * t, np.full(frames, skeleton.hip_height), 0.2 * t], axis=1)
    return Motion(skeleton, root, rotations, fps)
