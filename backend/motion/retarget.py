"""The one retargeter: training data onto the canonical skeleton, motions onto rigs.

Both sides are described by where their joints are at rest. With ``D`` the world rotation of a bone away from its rest
pose and ``F`` its anatomical rest frame, the posture is ``D * F``; two skeletons hold the same posture when
``D_target = D_source * F_source * F_target**-1``. Bone axes and rolls never enter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

import numpy as np

from . import kinematics
from . import rotations as rot
from .anatomy import canonical_frames, kind_of, rest_frames
from .bone_map import BoneMap
from .limbs import LimbCorrection, corrected
from .motion import Motion
from .proportions import hips_path, leg_length
from .skeleton import KINDS, TORSO, Skeleton, canonical


def slot_points(skeleton: Skeleton, bone_map: BoneMap | None = None) -> dict[str, np.ndarray]:
    """Slot name -> (3,) rest position. Without a map the joint names are the slots."""
    places = dict(zip(skeleton.names, skeleton.rest_positions))
    return places if bone_map is None else slot_places(places, bone_map)


def slot_places(places: Mapping[str, np.ndarray], bone_map: BoneMap) -> dict[str, np.ndarray]:
    """Slot -> (3,) of ``places``, bone -> (3,): where its first bone is."""
    return {slot: places[bones[0]] for slot, bones in bone_map.slots.items()}


def require_body(points: Mapping[str, np.ndarray]) -> None:
    """ValueError unless a rest pose, slot -> (3,), is one of a body."""
    rest_frames(points)
    if not leg_length(points) > 0.0:
        raise ValueError("its legs have no length")


def offsets_between(
    source: Mapping[str, np.ndarray],
    target: Mapping[str, np.ndarray],
    target_frames: Mapping[str, np.ndarray] | None = None,
    source_frames: Mapping[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Slot -> constant quaternion ``F_source * F_target**-1`` for the slots both rest poses have.

    The frames, if given, take the place of those that the points show (``anatomy.t_pose_frames`` of a rig that is
    calibrated as T-pose).
    """
    a = rest_frames(source) if source_frames is None else source_frames
    b = rest_frames(target) if target_frames is None else target_frames
    return {slot: rot.multiply(a[slot], rot.inverse(b[slot])) for slot in a if slot in b}


def _known_frames(skeleton: Skeleton, slots: Set[str]) -> dict[str, np.ndarray] | None:
    """Frames of ``slots`` in a rest pose that is known to be canonical; None where the joints have to show them."""
    if not skeleton.canonical_rest:
        return None
    # of the kind that both sides have the slots of: knuckles give a hand another frame than a forearm does
    frames = canonical_frames(kind_of(slots))
    return {slot: frames[slot] for slot in slots}


def character_skeleton(
    points: Mapping[str, np.ndarray], kind: str = "smpl22", frames: Mapping[str, np.ndarray] | None = None
) -> Skeleton:
    """The character's own proportions in canonical form: its bones turned into the canonical rest pose.

    ``points``: slot -> (3,) rest position in metres, Y up; must hold ``pelvis``. ``frames`` as ``target_frames`` of
    ``offsets_between``. Forward kinematics of a Motion on this skeleton puts every slot that it has where the
    retargeted rig has it. A slot that it lacks is passed through: the first such joint below one that it has takes the
    whole way to the next one, which rests on it; at a tip it gets the canonical offset, scaled. Where several limbs
    hang on a lacking joint (neck and collars on spine3) they keep their own ways, which turn with that joint: exact
    only while it turns as the joint above it.
    """
    if "pelvis" not in points:
        raise ValueError("rest pose lacks pelvis")
    base = canonical(kind)
    scale = leg_length(points) / base.leg_length
    turn = offsets_between(dict(zip(base.names, base.rest_positions)), points, frames)
    offsets = base.offsets * scale
    passed: dict[int, list[int]] = {}  # topmost lacking joint -> the joints that hang on the chain it begins
    for j, (name, p) in enumerate(zip(base.names, base.parents)):
        if p < 0 or name not in points:
            continue
        above, top = p, j
        while base.names[above] not in points:
            offsets[above] = 0.0
            above, top = base.parents[above], above
        between = points[name] - points[base.names[above]]
        offsets[j] = rot.rotate(turn[base.names[above]], between)
        if top != j:
            passed.setdefault(top, []).append(j)
    for top, joints in passed.items():
        if len(joints) == 1:
            # moved up, because the rig's bone above turns this way, and the lacking joint may turn otherwise
            offsets[top], offsets[joints[0]] = offsets[joints[0]].copy(), 0.0
    return replace(base, offsets=offsets, canonical_rest=True)


def fill_missing(rotations: dict[str, np.ndarray], kind: str) -> np.ndarray:
    """World rotations by slot -> (T, J, 4) for every joint of ``kind``: gaps in the spine are slerped between the torso
    joints around them, other absent joints follow their parent."""
    names, parents = KINDS[kind]
    known = dict(rotations)
    spine = [n for n in TORSO if n in known]
    for i, name in enumerate(TORSO):
        if name in known:
            continue
        below = [n for n in spine if TORSO.index(n) < i]
        above = [n for n in spine if TORSO.index(n) > i]
        if below and above:
            a, b = TORSO.index(below[-1]), TORSO.index(above[0])
            known[name] = rot.slerp(rotations[below[-1]], rotations[above[0]], (i - a) / (b - a))
    out = []
    for name, p in zip(names, parents):
        out.append(known[name] if name in known else out[p])
    return np.stack(out, axis=1)


def retarget(
    source: Motion,
    bone_map: BoneMap | None = None,
    target: Skeleton | None = None,
    correction: LimbCorrection | None = None,
) -> Motion:
    """``source`` (any skeleton whose rest axes equal the world's) onto ``target`` (canonical SMPL-22 by default).

    Every mapped limb keeps its world direction; the hips' centre path is scaled by leg length and its height follows
    the height over the rest stance, so feet that stand at rest stand afterwards. With a ``correction`` the limbs then
    leave their directions, so that feet and hands come to where the source has them; the hips sink where feet that
    stand would not reach. On either side a rest pose that is known to be canonical is taken as that.
    """
    return retarget_together([source], bone_map, target, correction)[0]


def retarget_together(
    sources: Sequence[Motion],
    bone_map: BoneMap | None = None,
    target: Skeleton | None = None,
    correction: LimbCorrection | None = None,
) -> list[Motion]:
    """``retarget`` for takes on one skeleton, in one go."""
    target = canonical() if target is None else target
    skeleton = sources[0].skeleton
    if any(s.skeleton is not skeleton for s in sources):
        raise ValueError("motions that are retargeted together need the same skeleton")
    points, goal = slot_points(skeleton, bone_map), slot_points(target)
    shared = points.keys() & goal.keys()
    turns = offsets_between(points, goal, _known_frames(target, shared), _known_frames(skeleton, shared))
    positions, world = (np.concatenate(arrays) for arrays in zip(*map(kinematics.pose, sources)))
    first = {s: skeleton.index(bone_map.slots[s][0] if bone_map else s) for s in points}
    # not BoneMap.carrier: CMU's forearms turn in their second bone, and what models learnt has them turned so
    last = {s: skeleton.index(bone_map.slots[s][-1] if bone_map else s) for s in points}
    moved = {s: rot.multiply(world[:, last[s]], turns[s]) for s in turns if s in target.names}
    rotations = fill_missing(moved, target.kind)

    centre = (positions[:, first["left_hip"]] + positions[:, first["right_hip"]]) / 2
    root = hips_path(centre, points, goal) - rot.rotate(
        rotations[:, 0], (goal["left_hip"] + goal["right_hip"]) / 2 - goal["pelvis"]
    )
    ends = np.cumsum([len(s) for s in sources])[:-1]
    roots = np.split(root, ends)
    if correction is not None:
        at = [{s: kinematics.joint_positions(source)[:, j] for s, j in first.items()} for source in sources]
        takes = zip(roots, np.split(rotations, ends), sources, at)
        done = [
            corrected(correction, target, r, w, float(source.fps), points, joints) for r, w, source, joints in takes
        ]
        roots, rotations = [path for path, _ in done], np.concatenate([turned for _, turned in done])
    local = np.split(kinematics.local_from_world(target, rotations), ends)
    return [
        Motion(target, path, rot.continuous(turned), source.fps, source.contacts)
        for source, path, turned in zip(sources, roots, local)
    ]


def rebound(motion: Motion, frame: int = 0) -> Motion:
    """The same movement described against another rest pose: the one that ``motion`` holds at ``frame``.

    For files whose zero pose is not how the performer stood when told to stand straight in a T-pose.
    """
    positions, world = kinematics.pose(motion)
    heads = positions[frame]
    offsets = np.array([heads[j] - heads[p] if p >= 0 else np.zeros(3) for j, p in enumerate(motion.skeleton.parents)])
    away = rot.multiply(world, rot.inverse(world[frame]))
    skeleton = Skeleton("other", motion.skeleton.names, motion.skeleton.parents, offsets)
    return Motion(skeleton, motion.root, kinematics.local_from_world(skeleton, away), motion.fps, motion.contacts)
