"""How much fingers move. Recordings that anybody may use hardly ever move one, so a model that holds all fingers still
has small errors; this tells the two apart."""

from __future__ import annotations

import numpy as np

from backend.motion import rotations as rot
from backend.motion.motion import Motion
from backend.motion.skeleton import KINDS

_BODY = len(KINDS["smpl22"][0])
SPAN = 0.2
"""seconds over which a turn is measured: what trembles from frame to frame, as decoded fingers do, moves nowhere"""
MOVING = 5.0
"""degrees a second; what is slower is held still"""
POSED = np.radians(1.0)
"""further from the flat rest pose than any rounding"""


def speed(motion: Motion) -> np.ndarray:
    """Of a motion of T frames on SMPL-X-52, (T - n,) for a SPAN of n frames: how fast the finger joints turn, degrees a
    second, the mean of all 30."""
    fingers, apart = motion.rotations[:, _BODY:], max(round(SPAN * motion.fps), 1)
    turned = rot.angle_between(fingers[:-apart], fingers[apart:])
    return np.degrees(turned).mean(axis=1) * float(motion.fps / apart)


def posed(motion: Motion) -> bool:
    """Whether any finger is ever bent: figures without finger bones keep theirs flat."""
    return bool(rot.angle(motion.rotations[:, _BODY:]).max() > POSED)
