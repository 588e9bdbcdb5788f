"""Characters from the user's own SMPL-X and SMPL-H body models."""

from __future__ import annotations

import re
from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper

from ..backend.motion.body_model import read_model
from ..backend.motion.smplx_io import MOST_BETAS
from ..rig.refusal import Refusal
from ..rig.smplx import body as smplx_body
from ..rig.smplx import character as smplx_character
from .tab import SubPanel


class POSEWRIGHT_OT_add_smplx(bpy.types.Operator, ImportHelper):
    """Add a character from your own SMPLX_*.npz (or SMPL-H model.npz): mesh, shape keys for the betas, weights and \
armature. The corrections that the model makes to the mesh in each pose are not driven"""

    bl_idname = "posewright.add_smplx"
    bl_label = "Add SMPL-X Character"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".npz"
    filter_glob: bpy.props.StringProperty(default="*.npz", options={"HIDDEN"})
    shape_keys: bpy.props.IntProperty(
        name="Shape Keys",
        description="How many betas become shape keys, the first of them changing the body most; each takes "
        "0.1 MB or so. A model has up to 300",
        default=10,
        min=0,
        max=MOST_BETAS,
    )
    betas: bpy.props.StringProperty(
        name="Betas",
        description="Shape of the body: up to as many numbers as the model has betas, parted by commas or spaces. "
        "Empty: the average body",
    )

    @classmethod
    def poll(cls, context):
        cls.poll_message_set("Leave Edit Mode or Pose Mode first")
        return context.mode == "OBJECT"

    def execute(self, context):
        try:
            betas = _numbers(self.betas)
            model = read_model(self.filepath, faces=True)
            name = Path(self.filepath).stem
            rig = smplx_character.add_character(context, model, betas, self.shape_keys, name)
        except ValueError as error:  # what the file or the numbers lack, in words
            self.report({"ERROR"}, f"{error}")
            return {"CANCELLED"}
        made = len(smplx_body.betas_of(smplx_body.mesh_of(rig).data))
        self.report({"INFO"}, f"'{rig.name}': {len(model.names)} joints, {made} of {model.shapes.shape[2]} betas.")
        return {"FINISHED"}


class POSEWRIGHT_OT_fit_smplx_bones(bpy.types.Operator):
    """After its shape keys were changed: move the bones of the SMPL-X character to the joints of the new shape, and \
the mesh onto the floor"""

    bl_idname = "posewright.fit_smplx_bones"
    bl_label = "Fit Bones to Shape"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        cls.poll_message_set("Select the armature of an SMPL-X character in Object Mode")
        rig = context.active_object
        found = context.mode == "OBJECT" and rig is not None and rig.type == "ARMATURE" and rig.visible_get()
        return found and smplx_body.mesh_of(rig) is not None

    def execute(self, context):
        rig = context.active_object
        try:
            if not rig.data.is_editable:
                raise Refusal(f"The armature of '{rig.name}' is linked: fit its bones in the file that it comes from.")
            smplx_character.fit_bones(context, rig)
        except Refusal as refusal:
            self.report({"ERROR"}, str(refusal))
            return {"CANCELLED"}
        self.report({"INFO"}, f"The bones of '{rig.name}' stand on the joints of its shape.")
        return {"FINISHED"}


class POSEWRIGHT_PT_smplx(SubPanel, bpy.types.Panel):
    bl_idname = "POSEWRIGHT_PT_smplx"
    bl_label = "SMPL-X"

    def draw(self, context):
        self.layout.operator("posewright.add_smplx", icon="OUTLINER_OB_ARMATURE")
        self.layout.operator("posewright.fit_smplx_bones", icon="BONE_DATA")
        self.layout.operator("posewright.export_amass", icon="EXPORT")


CLASSES = (POSEWRIGHT_OT_add_smplx, POSEWRIGHT_OT_fit_smplx_bones, POSEWRIGHT_PT_smplx)


def menu(self, context) -> None:
    """The entry in Add > Armature."""
    self.layout.operator("posewright.add_smplx", text="SMPL-X Character (Posewright)", icon="OUTLINER_OB_ARMATURE")


def _numbers(text: str) -> list[float]:
    """Numbers parted by commas or spaces; ValueError names the first that is none."""
    out = []
    for word in re.split(r"[\s,;]+", text.strip("[] \t")):
        if not word:
            continue
        try:
            out.append(float(word))
        except ValueError:
            raise ValueError(f"Betas: {word!r} is no number. Type numbers parted by commas or spaces.") from None
    return out
