"""A Motion onto a rig: which bone goes where, and what is keyed for that. Closed form, all frames at once, no bpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...backend.motion import axes, finger_shapes
from ...backend.motion.motion import Motion
from ..bones import RigPose
from ..keys import BoneKeys, Goal, ObjectKeys, Solution
from ..listing import some
from ..options import DEFAULTS, WriteOptions
from ..refusal import Refusal
from . import control_plan, mechanism, poles, roots
from .targets import Targets, moving_bones, targets


def solve(pose: RigPose, motion: Motion, options: WriteOptions = DEFAULTS) -> Solution:
    """What to key for ``motion``, which stands on ``pose.skeleton``'s body with its floor at 0. Refusal where the rig
    lacks what ``options`` ask for."""
    carried, object_keys = _ground(pose, motion, options), None
    if options.root == "in_place":
        motion = roots.in_place(motion)
    elif options.root == "object":
        object_keys, motion = _object_keys(pose, carried), carried.without(motion)
    aims = targets(pose, _with_fingers(pose, motion, options), options.hands)
    plan = control_plan.plan(pose, options)
    rotations, heads = _wanted(aims, plan)
    if options.root == "root":
        root = pose.bone_map.root
        rotations[root], heads[root] = _root_bone(aims, carried)
    locked = [b for b in rotations if all(pose.bones.locks[pose.bones.index[b]].rotation[-3:])]
    for bone in locked:
        del rotations[bone]  # so that what hangs on it makes up for what it does not do
    keys, unsolved = _solved(aims, plan, rotations, heads)
    return Solution(keys, plan.properties, object_keys, _warnings(pose, plan, locked), unsolved)


def _ground(pose: RigPose, motion: Motion, options: WriteOptions) -> roots.Ground | None:
    """The way that something else than the hips takes, if any does."""
    if options.root == "root" and pose.bone_map.root is None:
        raise Refusal(
            "Root is Root Bone, but the bone map names no bone that stands on the ground above the hips. "
            "Choose Hips, Object or In Place as Root, or set the root bone in the Bone Map panel."
        )
    return roots.ground(motion, pose.points) if options.root in ("root", "object") else None


def _solved(aims: Targets, plan: control_plan.Plan, rotations, heads) -> tuple[list[BoneKeys], dict[str, Goal]]:
    """The keys, and what no formula tells."""
    anchor = _anchor(aims)
    keys, reasons = mechanism.basis(aims.pose.bones, rotations, heads, _known(aims, plan), anchor)
    unsolved = {bone: Goal(reason, rotations.get(bone), heads.get(bone)) for bone, reason in reasons.items()}
    if anchor is not None and anchor[0] in unsolved:
        control, bone, head = anchor
        unsolved[control] = replace(unsolved[control], head=head, carries=bone)
    return keys, unsolved


def _with_fingers(pose: RigPose, motion: Motion, options: WriteOptions) -> Motion:
    if motion.skeleton.kind == pose.skeleton.kind or pose.kind == "smpl22" or options.fingers == "keep":
        return motion
    return finger_shapes.with_fingers(motion, pose.skeleton, options.fingers)


def _object_keys(pose: RigPose, carried: roots.Ground) -> ObjectKeys:
    return ObjectKeys(axes.rotations_to_z_up(carried.turn), axes.vectors_to_z_up(carried.shift) / pose.space.unit)


def _root_bone(aims: Targets, carried: roots.Ground) -> tuple[np.ndarray, np.ndarray]:
    """(T, 4) and (T, 3): the root bone on the ground under the character, turned as it faces."""
    pose, root = aims.pose, aims.pose.bone_map.root
    raised = replace(carried, shift=carried.shift + np.array([0.0, pose.floor - pose.soles[:, 1].min(), 0.0]))
    place = pose.space.to_metres(aims.heads[pose.bones.index[root]])
    turn = pose.space.turn_from_world(carried.turn)
    return aims.rotation(root, turn), pose.space.from_metres(raised.carry(place))


def _wanted(aims: Targets, plan: control_plan.Plan) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Rotations (T, 4) and heads (T, 3) of the bones that the plan keys, and of the twist bones. Of fingers that the
    motion does not know there is nothing."""
    rotations, heads = {}, {}
    for bone, slot in plan.fk.items():
        if slot in aims.joints:
            rotations[bone] = aims.rotation(bone, aims.turns[bone] if bone in aims.turns else aims.turn(slot))
    for bone in (bone for controls in aims.pose.bone_map.controls.values() for bone in controls.twist):
        # one with constraints has the rig's own way to share the twist
        if bone in aims.turns and not aims.pose.bones.constraints[aims.pose.bones.index[bone]]:
            rotations[bone] = aims.rotation(bone, aims.turns[bone])
    for bone, slot in moving_bones(aims.pose, aims.joints).items():
        if bone in plan.fk:
            heads[bone] = aims.joints[slot]
    for bone, slot in plan.ik.items():
        rotations[bone], heads[bone] = aims.rotation(bone, aims.turn(slot)), aims.head(bone, slot)
    for bone, slot in plan.poles.items():
        heads[bone] = poles.head(aims, bone, slot)
    return rotations, heads


def _known(aims: Targets, plan: control_plan.Plan) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Places of the slots' own bones that controls bring where the motion has them: where a slot has one alone."""
    slots = {s: bones[0] for s, bones in aims.pose.bone_map.slots.items() if len(bones) == 1 and s in aims.joints}
    return {b: (aims.rotation(b, aims.turns[b]), aims.joints[s]) for s, b in slots.items() if b not in plan.keyed}


def _anchor(aims: Targets) -> tuple[str, str, np.ndarray] | None:
    body = aims.pose.bone_map.body
    return None if body is None else (body, aims.pose.bone_map.slots["pelvis"][0], aims.joints["pelvis"])


def _warnings(pose: RigPose, plan: control_plan.Plan, locked: list[str]) -> tuple[str, ...]:
    found = []
    hips = pose.bone_map.slots["pelvis"][0]
    if hips in plan.fk and pose.bones.connected[pose.bones.index[hips]]:
        found.append(
            f"The hips cannot move, because '{hips}' is connected to its parent: switch Connected off in Edit Mode, "
            "under Bone > Relations."
        )
    if locked:
        found.append(f"Locked, so not turned: {some(locked)}.")
    return tuple(found)
