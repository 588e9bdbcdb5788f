"""How a motion is to be put on a rig: what the animator chose in the panel."""

from __future__ import annotations

from dataclasses import dataclass

from ..backend.motion.finger_shapes import SHAPES

ROOTS = ("hips", "root", "object", "in_place")
"""what carries the way over the ground: the hips; the rig's root bone; the object; nothing (the way is left out)"""
MODES = ("auto", "fk", "ik")
"""how a limb of a control rig is keyed; "auto": as its switch stands now"""
FINGERS = ("keep", *SHAPES)
"""shape of fingers that the motion does not move; "keep" leaves them as they are"""


@dataclass(frozen=True)
class WriteOptions:
    root: str = "hips"
    arms: str = "auto"
    legs: str = "auto"
    fingers: str = "relaxed"
    hands: float = 0.0
    """how far, from 0 to 1, hands are brought to where the motion has them if a divided spine takes them elsewhere"""

    def __post_init__(self):
        for name, known in (("root", ROOTS), ("arms", MODES), ("legs", MODES), ("fingers", FINGERS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {getattr(self, name)!r}, accepted are {', '.join(known)}")


DEFAULTS = WriteOptions()
