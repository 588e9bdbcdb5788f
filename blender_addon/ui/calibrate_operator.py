"""Which pose of the armature its bones are measured from."""

from __future__ import annotations

from dataclasses import replace

import bpy

from ..rig.bone_maps.calibrate import calibration
from ..rig.refusal import Refusal
from .map_editing import Edits, keep


class POSEWRIGHT_OT_calibrate(Edits, bpy.types.Operator):
    """Choose the pose that the armature's bones are measured from, when its bind pose looks unlike any body at rest"""

    bl_idname = "posewright.calibrate"
    bl_label = "Calibrate"

    pose: bpy.props.EnumProperty(
        name="Pose",
        items=(
            ("bind", "Bind Pose", "The pose in which the mesh was bound: what the joints look like there counts"),
            ("frame", "This Frame's Pose", "The pose as it is now: what the joints look like in it counts"),
            ("t_pose", "This Is a T-Pose", "The pose as it is now is the T-pose, whatever its joints look like"),
        ),
    )

    def edit(self, context, rig, found):
        if found.why:
            raise Refusal(f"Set the bones first. {found.why}")
        bone_map, made = found.mapping.bone_map, None
        if self.pose != "bind":
            made = calibration(context, rig, bone_map, t_pose=self.pose == "t_pose")
        keep(context, rig, found, replace(bone_map, calibration=made))
        return f"'{rig.name}' is measured from {describe(made)}."


def describe(made) -> str:
    """A ``Calibration``, or None, in words."""
    if made is None:
        return "its bind pose"
    return f"{'a T-pose' if made.t_pose else 'a pose'} set by hand ({len(made.rotations)} bones)"


CLASSES = (POSEWRIGHT_OT_calibrate,)
