"""Three motions of different lengths with captions, turning and walking steadily."""

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.features.codec import codec
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from training.evaluation.cases import Case

CAPTIONS = (
    ["a person walks ahead", "someone walks ahead slowly"],
    ["a man turns and waves his arm", "he waves while turning"],
    ["she jumps up and down twice", "a woman jumps"],
)


def moving(frames: int, seed: int) -> Motion:
    """Walks a bow at one speed; all joints turn steadily, each about its own axis."""
    skeleton, rng = canonical(), np.random.default_rng(seed)
    count = np.arange(frames)[:, None]
    turns = rng.uniform(-0.02, 0.02, (len(skeleton), 3))
    turns[0] = (0.0, 0.01 * (seed + 1), 0.0)
    start = rng.normal(0.0, 0.05, (len(skeleton), 3))
    start[0] = 0.0
    rotations = rot.multiply(rot.exp(start), rot.exp(count[..., None] * turns))
    root = np.array([0.0, 0.95, 0.0]) + count * [0.01, 0.0, 0.03 + 0.01 * seed]
    return Motion(skeleton, root, rotations, 30)


@pytest.fixture(scope="package")
def three() -> list[Case]:
    return [
        Case(f"clip {i}", captions, motion := moving(48 + 16 * i, i), codec("ms272").encode(motion))
        for i, captions in enumerate(CAPTIONS)
    ]
