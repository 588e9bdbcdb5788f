"""A motion from elsewhere onto a rig that was read: no bpy here, so that a thread may do it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ...backend.motion.bone_map import BoneMap
from ...backend.motion.from_elsewhere import onto_character
from ...backend.motion.limbs import LimbCorrection
from ...backend.motion.motion import Motion
from ...backend.motion.resample import resample
from ..bones import RigPose
from ..reading.posed import body_yaw, ground


@dataclass(frozen=True, eq=False)
class Source:
    """A motion from elsewhere, about the place where its armature stands. ``bone_map``: which of its joints is which
    slot, None where they are named like slots; ``what``: what was found, in words."""

    motion: Motion
    bone_map: BoneMap | None
    what: str


def retargeted(source: Source, pose: RigPose, fps: Fraction, correction: LimbCorrection) -> Motion:
    """``source`` at ``fps`` on the rig's own skeleton, about the place where the rig's armature stands, and
    towards where its body faces at rest.

    Fingers come along when both sides have them: without, the writer gives the rig's fingers a shape.
    """
    # to the frame nearest to the end: cut off before it, a loop would not close
    frames = round((len(source.motion) - 1) / source.motion.fps * fps) + 1
    motion = resample(source.motion, fps, frames)
    motion = onto_character(motion, source.bone_map, pose.points, pose.frames, correction)
    yaw, place = ground(pose.space.rotation, pose.space.translation, pose.space.unit)
    return motion.moved(yaw + body_yaw(pose), place)
