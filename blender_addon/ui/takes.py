"""What was asked for, and the takes that came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import bpy

from ..backend.motion.motion import Motion
from ..backend.motion.resample import resample
from ..backend.protocol import Report
from ..rig.bones import RigPose
from ..rig.keys import Solution
from ..rig.options import WriteOptions


@dataclass(frozen=True, eq=False)
class Order:
    """What was asked for, and for which rig: names and uids, never a reference that an undo would leave dangling."""

    rig_uid: int
    rig_name: str
    scene_uid: int
    pose: RigPose
    start: int
    prompt: str
    options: WriteOptions

    @property
    def scene(self) -> bpy.types.Scene:
        """Where it was asked for; the present one when that is gone."""
        return next((s for s in bpy.data.scenes if s.session_uid == self.scene_uid), bpy.context.scene)


@dataclass(frozen=True, eq=False)
class Result:
    """The takes of an order, ready to be put on the rig."""

    order: Order
    takes: list[Motion]
    report: Report
    solutions: dict[tuple[int, Fraction], Solution] = field(default_factory=dict)
    """(take, frames a second) -> what to key for it, where that was worked out before"""

    def motion(self, take: int, fps: Fraction) -> Motion:
        """At another rate than it was made for the motion still takes as many seconds."""
        motion = self.takes[take]
        if fps == motion.fps:
            return motion
        return resample(motion, fps, max(1, round(len(motion) / motion.fps * fps)))
