"""How a clip is put before the camera: from its start at the origin, seen from the front at its right side, so that a
body that walks ahead walks to the right and comes nearer."""

from __future__ import annotations

import numpy as np

from backend.motion import kinematics
from backend.motion.motion import Motion

from ..clip import Clip

VIEW = np.deg2rad(40.0)
"""between the way the body faces at first and the camera, about +Y"""
_FARTHEST = 10_000.0  # metres: beyond, a picture of the whole clip shows nothing and rounding shows in the limbs


def staged(clip: Clip, heading: float) -> Motion:
    """The clip's motion with its first frame over the origin facing ``heading`` radians about +Y (0 = +Z); ValueError
    when it goes farther than anything that can be drawn."""
    motion = clip.motion
    there = motion.moved(0.0, -motion.root[0] * (1.0, 0.0, 1.0))
    farthest = float(np.abs(there.root).max())
    if farthest > _FARTHEST:
        raise ValueError(f"{clip.id} goes {farthest:.3g} m far: at most {_FARTHEST:g} m can be drawn")
    beginning = there[: 1 + int(there.fps)]  # more than the heading of its first frame is smoothed over
    return there.moved(heading - float(kinematics.heading(beginning)[0]))
