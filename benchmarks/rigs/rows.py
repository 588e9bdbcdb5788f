"""What is measured of a rig, as rows of the tables in docs/rigs.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from tests.blender.measure import module

from . import driving, measures, seconds, twisting
from .clips import Clip
from .collection import Rig, fresh, skins
from .expected import RIGIFY_LIMBS
from .truth import Score, score


@dataclass(frozen=True)
class Mapped:
    """The automatic map of a rig, or why there is none."""

    rig: str
    bones: int
    score: Score | None
    tested: bool = True
    refused: str = ""


@dataclass(frozen=True)
class Moved:
    """Largest errors over all frames of all clips; degrees and mm. ``divided``: a chain of the torso has more bones
    than the Motion has joints, so that joints above it may lie elsewhere. ``standing`` and ``each``: feet on the ground
    by the nearer of ankle and toes, and by each that is on it. ``hands``: wrists from the Motion's. These three with
    the limbs corrected, the others without. ``read``: mm and degrees between one clip and what the add-on reads of it,
    without the middle of a divided torso."""

    rig: str
    divided: bool
    joints: float
    turns: float
    middle: float
    neck: float
    limbs: float
    twist: float
    standing: float
    each: float
    hands: float
    read: tuple[float, float]
    time: seconds.Seconds


@dataclass(frozen=True)
class Controlled:
    """The same of a control rig keyed in one way: where deforming bones point, against the performer's limbs and in
    torso and neck against the Motion, in degrees; hands and feet against the Motion, in mm."""

    rig: str
    mode: str
    deforming: float
    torso: float
    reached: float


def mapped(rig: Rig) -> tuple[Mapped, bpy.types.Object, object]:
    """The row, the armature and its RigPose; RigPose is None where the map was refused."""
    fresh()
    armature = rig.build()
    bones = len(armature.data.bones)
    for skin in skins(armature):
        skin.hide_viewport = True  # nothing is measured on it, and bones play ten times as fast without
    try:
        pose, mapping = driving.read(armature)
    except ValueError as refusal:
        return Mapped(rig.about, bones, None, refused=str(refusal)), armature, None
    return Mapped(rig.about, bones, score(mapping, rig.truth), mapping.tested), armature, pose


_TURNED = (
    measures.joints,
    lambda drive: measures.angles(drive, set(drive.slots()).difference(measures.MIDDLE, measures.NECK)),
    lambda drive: measures.angles(drive, measures.MIDDLE),
    lambda drive: measures.angles(drive, measures.NECK),
    measures.directions,
)
_CORRECTED = (
    measures.standing,
    measures.standing_on_each,
    lambda drive: measures.reached(drive, ("wrist",)),
)
_CONTROLLED = (
    lambda drive: measures.deforming(drive, RIGIFY_LIMBS),
    lambda drive: measures.pointing(drive, measures.MIDDLE + measures.NECK),
    measures.reached,
)


def moved(
    rig: Rig, armature: bpy.types.Object, pose, clips: list[Clip], long: Clip
) -> tuple[Moved, tuple[Controlled, ...]]:
    """The row, and of a control rig those of FK and IK as well. ``long`` is the clip that is timed."""
    options = keyed("fk") if rig.control else None
    turned = (*_TURNED, lambda drive: twisting.excess(drive, RIGIFY_LIMBS if rig.control else {}))
    free = worst(turned + _CONTROLLED * rig.control, (driving.drive(armature, pose, clip, options) for clip in clips))
    free, fk = free[: len(turned)], free[len(turned) :]
    held = worst(_CORRECTED, (driving.drive(armature, pose, clip, options, True) for clip in clips))
    last = driving.drive(armature, pose, clips[0], options)
    read = module("rig.reading.read_motion").read_motion(bpy.context, armature, pose, driving.frames_of(last.motion))
    divided = any(len(pose.bone_map.slots.get(s, ())) > 1 for s in ("spine1", "spine2", "spine3", "neck"))
    exact = set(last.slots()).difference(measures.MIDDLE + measures.NECK if divided else ())
    back = measures.read_back(last, read, exact)
    row = Moved(rig.about, divided, *free, *held, back, seconds.seconds(armature, pose, long))
    if not rig.control:
        return row, ()
    ik = worst(_CONTROLLED, (driving.drive(armature, pose, clip, keyed("ik")) for clip in clips))
    return row, (Controlled(rig.about, "FK", *fk), Controlled(rig.about, "IK", *ik))


def worst(asked: Sequence[Callable[[driving.Drive], float]], drives: Iterable[driving.Drive]) -> list[float]:
    """What each measure gives at most. One drive is kept at a time: a large rig's is hundreds of megabytes."""
    return np.max([[measure(drive) for measure in asked] for drive in drives], axis=0).tolist()


def keyed(mode: str):
    """WriteOptions with all limbs keyed as ``mode``."""
    return module("rig.options").WriteOptions(arms=mode, legs=mode)
