"""The one retargeter: training data onto the canonical skeleton, motions onto rigs.

Both sides are described by where their joints are at rest. With ``D`` the world rotation of a bone away from its rest
pose and ``F`` its anatomical rest frame, the posture is ``D * F``; two skeletons hold the same posture when
``D_target = D_source * F_source * F_target**-1``. Bone axes and rolls never enter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from . import kinematics
from . import rotations as rot
from .anatomy import body_axes, rest_frames
from .bone_map import BoneMap
from .motion import Motion
from .skeleton import KINDS, Skeleton, canonical

_TORSO = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")


def slot_points(skeleton: Skeleton, bone_map: BoneMap | None = None) -> dict[str, np.ndarray]:
    """Slot name -> (3,) rest position. Without a map the joint names are the slots."""
    if bone_map is None:
        return dict(zip(skeleton.names, skeleton.rest_positions))
    return {slot: skeleton.rest_positions[skeleton.index(bones[0])] for slot, bones in bone_map.slots.items()}


def leg_length(points: Mapping[str, np.ndarray]) -> float:
    """Mean hip-knee-ankle length of a rest pose given by slots."""
    total = 0.0
    for side in ("left_", "right_"):
        hip, knee, ankle = (np.asarray(points[side + n], float) for n in ("hip", "knee", "ankle"))
        total += np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee)
    return float(total / 2)


def hip_height(points: Mapping[str, np.ndarray], up=(0.0, 1.0, 0.0)) -> float:
    """Height of the hips' centre over the lowest ankle or toe joint of a rest pose, along ``up``."""
    up = np.asarray(up, float)
    feet = [points[s] @ up for s in ("left_ankle", "right_ankle", "left_foot", "right_foot") if s in points]
    return float((points["left_hip"] + points["right_hip"]) @ up / 2 - min(feet))


def offsets_between(source: Mapping[str, np.ndarray], target: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Slot -> constant quaternion ``F_source * F_target**-1`` for the slots both rest poses have."""
    a, b = rest_frames(source), rest_frames(target)
    return {slot: rot.multiply(a[slot], rot.inverse(b[slot])) for slot in a if slot in b}


def character_skeleton(points: Mapping[str, np.ndarray], kind: str = "smpl22") -> Skeleton:
    """The character's own proportions in canonical form: its bones turned into the canonical rest pose.

    ``points``: slot -> (3,) rest position in metres, Y up; must hold ``pelvis``. Forward kinematics of a Motion on this
    skeleton puts every slot that it has where the retargeted rig has it. A slot that it lacks is passed through: the
    first such joint below one that it has takes the whole way to the next one, which rests on it; at a tip it gets the
    canonical offset, scaled. Where several limbs hang on a lacking joint (neck and collars on spine3) they keep their
    own ways, which turn with that joint: exact only while it turns as the joint above it.
    """
    if "pelvis" not in points:
        raise ValueError("rest pose lacks pelvis")
    base = canonical(kind)
    scale = leg_length(points) / base.leg_length
    turn = offsets_between(dict(zip(base.names, base.rest_positions)), points)
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
    return base.with_offsets(offsets)


def fill_missing(rotations: dict[str, np.ndarray], kind: str) -> np.ndarray:
    """World rotations by slot -> (T, J, 4) for every joint of ``kind``: gaps in the spine are slerped between the torso
    joints around them, other absent joints follow their parent."""
    names, parents = KINDS[kind]
    known = dict(rotations)
    spine = [n for n in _TORSO if n in known]
    for i, name in enumerate(_TORSO):
        if name in known:
            continue
        below = [n for n in spine if _TORSO.index(n) < i]
        above = [n for n in spine if _TORSO.index(n) > i]
        if below and above:
            a, b = _TORSO.index(below[-1]), _TORSO.index(above[0])
            known[name] = rot.slerp(rotations[below[-1]], rotations[above[0]], (i - a) / (b - a))
    out = []
    for name, p in zip(names, parents):
        out.append(known[name] if name in known else out[p])
    return np.stack(out, axis=1)


def retarget(source: Motion, bone_map: BoneMap | None = None, target: Skeleton | None = None) -> Motion:
    """``source`` (any skeleton whose rest axes equal the world's) onto ``target`` (canonical SMPL-22 by default).

    Every mapped limb keeps its world direction; the hips' centre path is scaled by leg length and its height follows
    the height over the rest stance, so feet that stand at rest stand afterwards.
    """
    return retarget_together([source], bone_map, target)[0]


def retarget_together(
    sources: Sequence[Motion], bone_map: BoneMap | None = None, target: Skeleton | None = None
) -> list[Motion]:
    """``retarget`` for takes on one skeleton, in one go."""
    target = canonical() if target is None else target
    skeleton = sources[0].skeleton
    if any(s.skeleton is not skeleton for s in sources):
        raise ValueError("motions that are retargeted together need the same skeleton")
    points, goal = slot_points(skeleton, bone_map), slot_points(target)
    turns = offsets_between(points, goal)
    positions, world = (np.concatenate(arrays) for arrays in zip(*map(kinematics.pose, sources)))
    last = {s: (bone_map.slots[s][-1] if bone_map else s) for s in points}
    moved = {s: rot.multiply(world[:, skeleton.index(last[s])], turns[s]) for s in turns if s in target.names}
    rotations = fill_missing(moved, target.kind)

    first = {s: skeleton.index(bone_map.slots[s][0] if bone_map else s) for s in ("left_hip", "right_hip")}
    centre = (positions[:, first["left_hip"]] + positions[:, first["right_hip"]]) / 2
    root = hips_path(centre, points, goal) - rot.rotate(
        rotations[:, 0], (goal["left_hip"] + goal["right_hip"]) / 2 - goal["pelvis"]
    )
    ends = np.cumsum([len(s) for s in sources])[:-1]
    local = np.split(kinematics.local_from_world(target, rotations), ends)
    return [
        Motion(target, path, rot.continuous(turned), source.fps, source.contacts)
        for source, path, turned in zip(sources, np.split(root, ends), local)
    ]


def hips_path(centre, source: Mapping[str, np.ndarray], target: Mapping[str, np.ndarray]) -> np.ndarray:
    """The hips' centre (T, 3), metres or any unit, Y up, from one body's proportions to another's.

    Both heights are measured in one stance, the source's at rest: a rest pose with spread legs (20 degrees in CMU's
    ASF) stands centimetres lower than the same body with its legs together, and must not lift the other.
    """
    scale = leg_length(target) / leg_length(source)
    out = np.asarray(centre, float) * scale
    feet = [side + "foot" for side in ("left_", "right_") if side + "foot" in source and side + "foot" in target]
    out[..., 1] += _stance_height(target, source, feet) - scale * _stance_height(source, source, feet)
    return out


def _stance_height(body: Mapping[str, np.ndarray], stance: Mapping[str, np.ndarray], feet: list[str]) -> float:
    """Height of the hips over the lowest of ankles and ``feet``, ``body``'s legs pointing as ``stance``'s at rest."""
    up, own_up = _upright(stance), _upright(body)
    heights = []
    for side in ("left_", "right_"):
        height = 0.0
        for upper, lower in (("hip", "knee"), ("knee", "ankle")):
            length = np.linalg.norm(body[side + lower] - body[side + upper])
            height -= length * (rot.normalize(stance[side + lower] - stance[side + upper]) @ up)
        if side + "foot" in feet:  # soles are flat in both rest poses, so the toe's drop is the body's own
            height += max(0.0, float((body[side + "ankle"] - body[side + "foot"]) @ own_up))
        heights.append(height)
    return float(max(heights))


def _upright(points: Mapping[str, np.ndarray]) -> np.ndarray:
    """Which way is up at rest: the world axis along which the body stands, or the body's own when it leans on none."""
    up = body_axes(points)[1]
    axis = np.zeros(3)
    nearest = int(np.argmax(np.abs(up)))
    axis[nearest] = np.sign(up[nearest])
    return axis if axis @ up > np.cos(np.deg2rad(20.0)) else up


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
