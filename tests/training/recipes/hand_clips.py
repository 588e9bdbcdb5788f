"""Made clips of body and hands under labels that have captions, in the place of a data set."""

from dataclasses import dataclass, replace

import numpy as np

from backend.motion.motion import Motion
from backend.motion.skeleton import SMPL22_NAMES
from training.data import made_hands
from training.data.clip import Clip

LABELS = {
    "train": ("Reject", "Confused", "Throw Object"),
    "val": ("Angry", "Two-hand Blast"),
    "test_trials": ("Greeting", "Crawl"),
}


@dataclass
class HandClips:
    """As ``store.DataSet`` where clips are asked for. Crawl keeps its fingers still and bent, Angry's figure has none:
    its fingers are flat."""

    frames: int = 46

    def clips(self, *splits: str) -> list[Clip]:
        return [
            Clip(f"mesh2motion_{label}", "cc0", "mesh2motion", label, self.motion(label, 10 * i + k), split=split)
            for i, split in enumerate(splits)
            for k, label in enumerate(LABELS[split])
        ]

    def motion(self, label: str, seed: int) -> Motion:
        motion = made_hands.motion(seed, self.frames)
        rotations = motion.rotations.copy()
        fingers = rotations[:, len(SMPL22_NAMES) :]
        if label == "Crawl":
            fingers[:] = fingers[:1]
        if label == "Angry":
            fingers[:] = np.eye(4)[0]
        return replace(motion, rotations=rotations)
