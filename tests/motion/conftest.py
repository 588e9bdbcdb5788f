"""Motions to test with: smooth, random, the same for the same seed."""

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical


def _random_motion(skeleton=None, frames=40, fps=30, seed=0, amount=0.8):
    skeleton = canonical() if skeleton is None else skeleton
    rng = np.random.default_rng(seed)
    t = np.arange(frames)[:, None, None] / 30.0
    speed, phase, size = (rng.uniform(0.5, 3.0, (1, len(skeleton), 3)) for _ in range(3))
    vectors = amount * (size / 3.0) * np.sin(speed * t + 2 * phase)
    root = np.cumsum(rng.normal(0, 0.01, (frames, 3)), axis=0) + np.array([1.0, 0.95, -2.0])
    contacts = rng.random((frames, 4)) < 0.5
    return Motion(skeleton, root, rot.exp(vectors), fps, contacts)


@pytest.fixture
def random_motion():
    """Function (skeleton, frames, fps, seed, amount) -> Motion."""
    return _random_motion
