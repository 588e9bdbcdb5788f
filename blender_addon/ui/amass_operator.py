"""The selected armature's motion as an NPZ file like those of AMASS."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper

from ..rig import target
from ..rig.fitting.steps import aside
from ..rig.reading.posed import motion_of
from ..rig.reading.read import read_rig
from ..rig.reading.read_motion import posing, rate
from ..rig.sources import amass
from . import runtime
from .stepwise import StepwiseFile


class POSEWRIGHT_OT_export_amass(StepwiseFile, bpy.types.Operator, ExportHelper):
    """Write the motion of the selected armature, over the scene's frame range, as an NPZ file like those of AMASS. An \
SMPL-X character is written as its own body; any other as an average body with betas of zero"""

    bl_idname = "posewright.export_amass"
    bl_label = "Export AMASS NPZ"
    bl_options = {"REGISTER"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filename_ext = ".npz"
    filter_glob: bpy.props.StringProperty(default="*.npz", options={"HIDDEN"})
    layout: bpy.props.EnumProperty(
        name="Layout",
        description="What the file describes",
        items=(
            ("smplx", "SMPL-X", "55 joints: body, jaw, eyes and hands"),
            ("smplh", "SMPL-H", "52 joints: body and hands"),
            ("body", "Body", "22 joints, without hands"),
        ),
    )

    def steps(self, context):
        scene, rig = context.scene, target.active_armature(context)
        target.check_size(rig)
        pose = read_rig(context, rig, runtime.of(context).maps.of(context, rig).bone_map)
        posed = yield from posing(context, rig, pose, range(scene.frame_start, scene.frame_end + 1))
        motion = yield from aside(motion_of, pose, posed, rate(scene))
        path = Path(bpy.path.abspath(self.filepath))
        yield from aside(amass.write, path, amass.body_of(rig), pose, motion, self.layout)
        return f"Frames {scene.frame_start} to {scene.frame_end} of '{rig.name}' are in {path.name}."


CLASSES = (POSEWRIGHT_OT_export_amass,)
