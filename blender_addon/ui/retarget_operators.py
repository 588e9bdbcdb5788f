"""Motions from elsewhere onto the selected rig, through the same engine as generated ones. Each is one undo step."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper

from ..backend.motion.mapping.mapping import Mapping
from ..rig import per_rig, target
from ..rig.bones import RigPose
from ..rig.fitting.evaluated import fitting
from ..rig.fitting.steps import aside
from ..rig.reading.read import read_rig
from ..rig.reading.read_motion import rate
from ..rig.refusal import Refusal
from ..rig.smplx import body as smplx_body
from ..rig.solving.solve import solve
from ..rig.sources.motion_files import ENDINGS, reading_file
from ..rig.sources.playing import frames_of, reading_action
from ..rig.sources.retargeting import Source, retargeted
from ..rig.writing.write import apply_motion
from . import order, properties, runtime
from .stepwise import Stepwise, StepwiseFile


@dataclass(frozen=True, eq=False)
class _Onto:
    """The rig that takes the motion, as it stands at the playhead."""

    rig: bpy.types.Object
    pose: RigPose
    mapping: Mapping

    @classmethod
    def of(cls, context) -> _Onto:
        if runtime.of(context).generating:
            raise Refusal("A motion is being generated. Wait for it or press Cancel.")
        rig = target.selected_rig(context)
        mapping = runtime.of(context).maps.of(context, rig)
        return cls(rig, read_rig(context, rig, mapping.bone_map), mapping)

    def put(self, context, source: Source, name: str) -> Generator[float, None, str]:
        """Retarget ``source`` and key it from the playhead on; returns what was done, in words."""
        scene, wishes = context.scene, context.scene.posewright
        motion = yield from aside(retargeted, source, self.pose, rate(scene), order.correction(scene))
        start, options = scene.frame_current, order.options(scene)
        solution = yield from aside(solve, self.pose, motion, options)
        solution = yield from fitting(self.rig, self.pose, solution, start)
        applied = apply_motion(context, self.rig, self.pose, motion, start, name, options, solution)
        wishes.schema, wishes.rig, wishes.report = properties.SCHEMA, self.rig, ""
        per_rig.renew(wishes.before, self.rig).json = applied.before.to_json()
        facts = [
            f"'{applied.action.name}' on '{self.rig.name}': frames {start} to {start + len(motion) - 1}, "
            f"from {source.what}, onto {self._slots()}.",
            *self.pose.warnings,
            *applied.warnings,
        ]
        return " ".join(facts)

    def _slots(self) -> str:
        """How the target was mapped, and what is not sure about it."""
        mapping = self.mapping
        unsure = f", of which {len(mapping.unsure)} want a look" if mapping.unsure else ""
        return f"{len(mapping.bone_map.slots)} slots ({mapping.bone_map.name}{unsure})"


class POSEWRIGHT_OT_retarget_file(StepwiseFile, bpy.types.Operator, ImportHelper):
    """Put the motion of a BVH, FBX, glTF, VRM or NPZ (AMASS) file on the selected armature, from the playhead on"""

    bl_idname = "posewright.retarget_file"
    bl_label = "Retarget Motion File"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default=";".join(f"*{e}" for e in ENDINGS), options={"HIDDEN"})
    animation: bpy.props.StringProperty(
        name="Animation", description="Which animation of a file that holds several; blank: the importer's choice"
    )

    def steps(self, context):
        onto, path = _Onto.of(context), Path(bpy.path.abspath(self.filepath))
        body = smplx_body.known(onto.rig)
        source = yield from reading_file(context, path, self.animation, body, onto.pose.sole)
        return (yield from onto.put(context, source, path.stem))


class POSEWRIGHT_OT_retarget_action(Stepwise, bpy.types.Operator):
    """Put what another armature does in its action on the selected armature, from the playhead on"""

    bl_idname = "posewright.retarget_action"
    bl_label = "Retarget Action"
    bl_options = {"REGISTER", "UNDO"}

    def invoke(self, context, event):
        return self.start(context)

    def steps(self, context):
        onto, other = _Onto.of(context), source_armature(context)
        mapping = runtime.of(context).maps.of(context, other)
        source = yield from reading_action(context, other, mapping.bone_map)
        name = other.animation_data.action.name.removeprefix("PW ")  # which every action of ours gets
        return (yield from onto.put(context, source, name))


def source_armature(context) -> bpy.types.Object:
    """The armature chosen in the panel; Refusal when it has nothing to give. Cheap: the panel asks at every redraw."""
    other = context.scene.posewright.source
    if other is None:
        raise Refusal("Choose the armature that has the motion.")
    if other == context.active_object:
        raise Refusal(f"'{other.name}' is both source and target. Select the armature that is to take the motion.")
    if other.mode == "EDIT":
        raise Refusal(f"'{other.name}' is in Edit Mode. Press Tab to leave it.")
    target.check_size(other)
    frames_of(other)
    runtime.of(context).maps.of(context, other)
    return other


CLASSES = (POSEWRIGHT_OT_retarget_file, POSEWRIGHT_OT_retarget_action)
