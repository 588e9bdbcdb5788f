"""Mirror a motion across the plane x = 0, left for right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .motion import Motion
from .skeleton import mirror_names

_VECTOR = np.array([-1.0, 1.0, 1.0])
_QUATERNION = np.array([1.0, 1.0, -1.0, -1.0])  # a reflection in x keeps the x axis' turning sense, flips y and z


def mirror(motion: Motion) -> Motion:
    """Left and right exchanged; offsets too, so that an asymmetric skeleton stays exact."""
    swap = list(mirror_names(motion.skeleton.names))
    return replace(
        motion,
        skeleton=motion.skeleton.with_offsets(motion.skeleton.offsets[swap] * _VECTOR),
        root=motion.root * _VECTOR,
        rotations=motion.rotations[:, swap] * _QUATERNION,
        contacts=motion.contacts[:, [2, 3, 0, 1]],
    )
