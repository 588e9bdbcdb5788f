"""How far what Blender shows is from what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from tests.blender.measure import module

from .driving import Drive

LIMBS = (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
MIDDLE = ("spine1", "spine2")
NECK = ("neck",)
"""slots whose bones share a bend where the rig has more of them than the Motion, or divides it in its own way"""


def joints(drive: Drive) -> float:
    """Largest distance in mm between a slot's joint in Blender and the Motion's."""
    positions, _ = drive.goals
    names = drive.motion.skeleton.names
    return 1000 * max(_far(drive.heads(s), positions[:, names.index(s)]) for s in drive.slots())


def angles(drive: Drive, slots: Iterable[str]) -> float:
    """Largest angle in degrees by which the bones that carry ``slots`` are turned otherwise than the Motion says."""
    rot = module("backend.motion.rotations")
    off = (rot.angle_between(got, wanted) for _, got, wanted in _turned(drive, slots))
    return float(np.degrees(max((angle.max() for angle in off), default=0.0)))


def pointing(drive: Drive, slots: Iterable[str]) -> float:
    """The same of the way that these bones point, however they are turned about themselves."""
    rot, worst = module("backend.motion.rotations"), 0.0
    for bone, got, wanted in _turned(drive, slots):
        along = drive.shown.tails[:, bone] - drive.shown.heads[:, bone]
        worst = max(worst, _between(along, rot.rotate(rot.multiply(wanted, rot.inverse(got)), along)))
    return worst


def _turned(drive: Drive, slots: Iterable[str]) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Of each of ``slots`` that the rig has: the bone, how it is turned (T, 4), and how the Motion says it is."""
    rot, retarget = module("backend.motion.rotations"), module("backend.motion.retarget")
    skeleton, (_, world) = drive.motion.skeleton, drive.goals
    base = module("backend.motion.skeleton").canonical(skeleton.kind)
    between = retarget.offsets_between(dict(zip(base.names, base.rest_positions)), drive.pose.points)
    for slot in slots:
        if slot in between and slot in drive.pose.bone_map.slots:
            bone = drive.shown.index(_seen(drive, slot))
            yield bone, drive.shown.turns[:, bone], rot.multiply(world[:, skeleton.index(slot)], between[slot])


def _seen(drive: Drive, slot: str) -> str:
    """The bone that has the slot's whole turn; in the torso of a Rigify rig the one that deforms, which its ORG bones
    only lead."""
    carrier = drive.pose.bone_map.carrier(slot)
    deforming = carrier.replace("ORG-", "DEF-")
    return deforming if slot in MIDDLE + NECK and deforming in drive.shown.names else carrier


def read_back(drive: Drive, read, slots) -> tuple[float, float]:
    """Largest distance in mm and angle in degrees between the ``slots`` of the Motion and of what was ``read``."""
    rot, kinematics = module("backend.motion.rotations"), module("backend.motion.kinematics")
    mapped = [drive.motion.skeleton.index(slot) for slot in slots]
    (places, turns), (wanted, world) = (kinematics.pose(motion) for motion in (read, drive.motion))
    turned = np.degrees(rot.angle_between(turns[:, mapped], world[:, mapped]))
    return 1000 * _far(places[:, mapped], wanted[:, mapped]), float(turned.max())


def directions(drive: Drive) -> float:
    """Largest angle in degrees between a limb's direction in Blender and the performer's, thighs to forearms."""
    worst = 0.0
    for start, end in _limbs():
        got = drive.heads(end) - drive.heads(start)
        worst = max(worst, _between(got, drive.source_joint(end) - drive.source_joint(start)))
    return worst


def deforming(drive: Drive, bones: dict[str, tuple[str, ...]]) -> float:
    """The same of single bones, from head to tail; ``bones``: slot of a limb's start -> those that lie along it."""
    worst = 0.0
    for start, end in _limbs():
        wanted = drive.source_joint(end) - drive.source_joint(start)
        for bone in bones[start]:
            i = drive.shown.index(bone)
            worst = max(worst, _between(drive.shown.tails[:, i] - drive.shown.heads[:, i], wanted))
    return worst


def reached(drive: Drive, ends: Sequence[str] = ("wrist", "ankle")) -> float:
    """Largest distance in mm of hands and feet from where the Motion has them."""
    positions, _ = drive.goals
    names = drive.motion.skeleton.names
    ends = [side + part for side in ("left_", "right_") for part in ends]
    return 1000 * max(_far(drive.heads(s), positions[:, names.index(s)]) for s in ends)


def standing(drive: Drive) -> float:
    """Largest distance in mm of a foot that stands from where the performer's stands, scaled to the rig: by its ankle
    or by its toes, whichever is nearer, since a foot stands on either."""
    return max(float(np.min(off, axis=0)[down.any(axis=0)].max(initial=0.0)) for off, down in _standing_off(drive))


def standing_on_each(drive: Drive) -> float:
    """The same by ankle and by toes, each while the performer's are on the ground. A foot of another length that rolls
    over its toes or its heel cannot have both where the performer has them."""
    return max(float(off[down].max(initial=0.0)) for off, down in _standing_off(drive))


def _standing_off(drive: Drive) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each foot, (2, T) of ankle and toes, or (1, T) of a rig that has no toes: distance in mm from where it would
    stand, and whether it does."""
    for side, first in (("left_", 0), ("right_", 2)):
        goals = _standing_goals(drive, side)
        down = drive.motion.contacts[:, first : first + 2].T.astype(bool)
        off = np.stack([1000 * np.linalg.norm(drive.heads(slot) - goal, axis=-1) for slot, goal in goals.items()])
        yield off, down if len(off) == 2 else down.any(axis=0, keepdims=True)


def _standing_goals(drive: Drive, side: str) -> dict[str, np.ndarray]:
    """Slot of ankle and toes -> (T, 3) where they are when the foot stands as high as it does at rest.

    Toes are as much further ahead as the rig's foot is longer, so that they agree with the ankle while it is flat; and
    ahead is where it points when it is flat, also for a foot that stands upright on them or has gone over them.
    """
    retarget, rest = module("backend.motion.retarget"), drive.pose.points
    own = retarget.slot_points(drive.source.skeleton, drive.clip.bone_map)
    scale = retarget.leg_length(rest) / retarget.leg_length(own)
    ankle, toes = side + "ankle", side + "foot"
    own_length, own_drop = _sole(own, ankle, toes)
    # over the rig's floor: one foot may hang higher than the other at rest
    length, drop = _sole(rest, ankle, toes) if toes in rest else (0.0, rest[ankle][1] - drive.pose.floor)
    raised = [0.0, drive.pose.floor + drop - scale * own_drop, 0.0]
    goals = {ankle: scale * drive.source_joint(ankle) + drive.shift + raised}
    if toes in rest:
        across = np.cross([0.0, 1.0, 0.0], own[toes] - own[ankle])
        ahead = np.cross(drive.source_turned(ankle, across), [0.0, 1.0, 0.0])
        ahead = ahead / np.maximum(np.linalg.norm(ahead, axis=-1, keepdims=True), 1e-9)
        longer = length - scale * own_length
        goals[toes] = scale * drive.source_joint(toes) + drive.shift + [0.0, drive.pose.floor, 0.0] + ahead * longer
    return goals


def _sole(points, ankle: str, toes: str) -> tuple[float, float]:
    """From ankle to toes at rest: how far ahead, and how far down."""
    x, y, z = points[toes] - points[ankle]
    return float(np.hypot(x, z)), float(-y)


def _limbs() -> list[tuple[str, str]]:
    return [(side + a, side + b) for side in ("left_", "right_") for a, b in LIMBS]


def _far(a, b) -> float:
    return float(np.linalg.norm(a - b, axis=-1).max())


def _between(a, b) -> float:
    """Largest angle in degrees between vectors (T, 3)."""
    across = np.linalg.norm(np.cross(a, b), axis=-1)
    return float(np.degrees(np.arctan2(across, np.einsum("ti,ti->t", a, b))).max())
