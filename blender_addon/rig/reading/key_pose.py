"""Read one pose as constraints: what the animator keyed or selected, or all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import bpy
import numpy as np

from ...backend.motion import anatomy, kinematics
from ...backend.motion import rotations as rot
from ...backend.motion.motion import JointKey, KeyPose, Motion
from ..bones import RigPose
from ..fitting.stage import played, stage
from ..fitting.steps import finished
from ..refusal import Refusal
from . import bone_properties
from .bound import Bound, bound_by, everything, in_turns
from .keyed import keyed_channels
from .posed import Posed, bones_to_read, motion_of
from .read_motion import check_readable, looking, matrices, rate

_BENDS_TO = {"knee": ("hip", "ankle", (0.0, 0.0, 1.0)), "elbow": ("shoulder", "wrist", (0.0, 0.0, -1.0))}
"""hinge -> joint above, joint below, and where it points in the canonical rest pose"""


def read_key_pose(
    context: bpy.types.Context, rig: bpy.types.Object, pose: RigPose, frame: int | None = None, selected: bool = False
) -> KeyPose:
    """The pose at a scene ``frame``; None: as it is now, keyed or not. Nothing changes in Blender. For scripts: the
    panel reads all keyed frames at once (``read_key_poses``).

    Bound is what the animator keyed there, or with ``selected`` what the selected bones stand for; all of it when that
    is nothing. Places and heights are metres over the rig's own floor, as a Motion has them. Refusal says what cannot
    be read.
    """
    frame = context.scene.frame_current if frame is None else frame
    frames = [context.scene.frame_current_final] if frame == context.scene.frame_current else [frame]
    (seen,) = finished(looking(context, rig, frames, lambda posed: _Seen.of(posed, pose)))
    channels = _selected(rig) if selected else {}
    bound = bound_by(pose.bone_map, channels or keyed_channels(rig, [frame])[frame], seen.switches, pose.kind)
    return _key_pose(frame, bound or everything(pose.bone_map, pose.kind), pose, seen, rate(context.scene))


def read_key_poses(
    context: bpy.types.Context, rig: bpy.types.Object, pose: RigPose, frames: Sequence[int]
) -> list[KeyPose]:
    """What the animator keyed at each of the scene's ``frames``, of the body and in rotations, as models are asked for
    it. Read as it will be played: a pose at the playhead that is not keyed does not count. Nothing changes in Blender.
    """
    check_readable(rig, frames)
    with stage(rig) as scene:
        seen = finished(played(scene, rig, frames, lambda posed: _Seen.of(posed, pose)))
    channels, fps = keyed_channels(rig, frames), rate(context.scene)
    keys = []
    for frame, look in zip(frames, seen):
        bound = in_turns(bound_by(pose.bone_map, channels[frame], look.switches, pose.kind))
        if not bound.turned:
            raise Refusal(
                f"What is keyed at frame {frame} does not pose '{rig.name}': its IK/FK switches stand the other way "
                "there. Key the controls that act, or delete these keys."
            )
        keys.append(_key_pose(frame, bound, pose, look, fps))
    return keys


@dataclass(frozen=True, eq=False)
class _Seen:
    """A frame as Blender evaluated it."""

    posed: Posed
    switches: dict[tuple[str, str], float]
    """values of the rig's switches there"""

    @classmethod
    def of(cls, rig: bpy.types.Object, pose: RigPose) -> _Seen:
        bones = bones_to_read(pose)
        values = {(bone, name): float(bone_properties.get(rig.pose.bones[bone], name)) for bone, name in pose.switches}
        return cls(Posed.of(bones, [matrices(rig, bones)]), values)


def _key_pose(frame: int, bound: Bound, pose: RigPose, seen: _Seen, fps: Fraction) -> KeyPose:
    motion = motion_of(pose, seen.posed, fps)
    skeleton, joints = motion.skeleton, {}
    for slot in skeleton.names:  # in their order, so that the same pose reads the same
        rotation = rot.shortest(motion.rotations[0, skeleton.index(slot)]) if slot in bound.turned else None
        position = seen.posed.heads(pose, pose.bone_map.slots[slot][0])[0] if slot in bound.placed else None
        bend = _bend(motion, slot) if slot in bound.bent else None
        if any(part is not None for part in (rotation, position, bend)):
            joints[slot] = JointKey(rotation, position, bend)
    root = motion.root[0]
    return KeyPose(
        frame,
        joints,
        root[[0, 2]] if bound.ground else None,
        float(root[1]) if bound.height else None,
        float(kinematics.facing_yaw(kinematics.joint_positions(motion)[0], skeleton)) if bound.heading else None,
    )


def _bend(motion: Motion, slot: str) -> np.ndarray:
    """(3,) unit: where a knee or elbow points; a straight one would point where its hinge lets it."""
    side, _, hinge = slot.partition("_")
    above, below, ahead = _BENDS_TO[hinge]
    positions, world = kinematics.pose(motion)
    joints = [motion.skeleton.index(name) for name in (f"{side}_{above}", slot, f"{side}_{below}")]
    off, length = anatomy.hinge(*positions[0, joints])
    if np.linalg.norm(off) < anatomy.BENT * length:
        off = rot.rotate(world[0, joints[0]], np.array(ahead))
    return rot.normalize(off)


def _selected(rig: bpy.types.Object) -> dict[str, set[str]]:
    """Every channel of the bones that are selected; Blender 5 moved the selection to the pose."""
    chosen = [b.name for b in rig.pose.bones if (b.select if bpy.app.version >= (5, 0, 0) else b.bone.select)]
    return {name: {"location", "rotation"} for name in chosen}
