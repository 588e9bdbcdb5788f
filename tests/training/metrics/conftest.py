"""Motions in which everything turns and moves at a steady pace, so that what comes next is known."""

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical


def _steady(frames=40, fps=20, seed=0, kind="smpl22"):
    """The root walks a straight line, every joint turns about an axis of its own by less than 3 degrees a frame."""
    skeleton, rng = canonical(kind), np.random.default_rng(seed)
    count = np.arange(frames)[:, None]
    start = rot.exp(rng.normal(0.0, 0.3, (len(skeleton), 3)))
    turn = rng.uniform(-0.03, 0.03, (len(skeleton), 3))
    rotations = rot.multiply(start, rot.exp(count[..., None] * turn))
    root = np.array([0.0, 0.95, 0.0]) + count * [0.02, 0.001, 0.05]
    return Motion(skeleton, root, rotations, fps)


@pytest.fixture(scope="session")
def steady():
    """The maker of such motions."""
    return _steady
