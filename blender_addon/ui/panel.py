"""The sidebar tab of the 3D view."""

from __future__ import annotations

import json

import bpy

from ..rig import per_rig, target
from ..rig.bone_maps.lookup import Found
from ..rig.refusal import Refusal
from . import key_poses, order, runtime
from .tab import SubPanel, Tab
from .text import wrapped

_NEARLY = (
    "Key poses are met nearly, not exactly. The action with your keys is kept on a muted NLA track; "
    "Discard makes it active again."
)


class POSEWRIGHT_PT_main(Tab, bpy.types.Panel):
    bl_idname = "POSEWRIGHT_PT_main"
    bl_label = "Posewright"

    def draw(self, context):
        layout, wishes, state = self.layout, context.scene.posewright, runtime.of(context)
        state.shown = _map_of_selected(context, state)
        layout.prop(wishes, "prompt", text="", icon="TEXT")
        column = layout.column(align=True)
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(wishes, "seconds")
        row = column.row(align=True)
        row.active = not wishes.new_seed
        row.prop(wishes, "seed")
        row.prop(wishes, "new_seed", text="", icon="FILE_REFRESH")
        column.prop(wishes, "takes")
        _draw_keys(context, layout, state)
        if state.generating:
            layout.progress(factor=state.job.fraction, text=state.job.stage, type="BAR")
            layout.operator("posewright.cancel", icon="CANCEL")
            return
        reason = ""
        try:
            rig = order.check(context, state)
            label = f"Generate on '{rig.name}'"
        except Refusal as refusal:
            reason, label = str(refusal), "Generate"
        row = layout.row()
        row.scale_y = 1.5
        row.enabled = not reason
        row.operator("posewright.generate", text=label, icon="PLAY")
        if reason:
            wrapped(context, layout, reason, "INFO")
            if "Preferences" in reason:
                layout.operator("posewright.preferences", icon="PREFERENCES")
        if state.message and state.message != reason:
            wrapped(context, layout, state.message, "ERROR" if state.failed else "CHECKMARK")
        if per_rig.entry(wishes.before, context.active_object) is not None:
            layout.operator("posewright.discard", icon="LOOP_BACK")


def _map_of_selected(context, state: runtime.Runtime) -> Found | None:
    try:
        return state.maps.found(context, target.active_armature(context))
    except Refusal:  # the reason is drawn where Generate is
        return None


def _draw_keys(context, layout, state: runtime.Runtime) -> None:
    """The key poses that the motion will pass, where there are any."""
    scene = context.scene
    if state.shown is None or state.shown.why:
        return
    try:
        rig = target.active_armature(context)
        frames = key_poses.in_span(scene, state.key_frames.of(rig, state.shown.mapping.bone_map))
    except Refusal:  # the reason is drawn where Generate is
        return
    if frames:
        column = layout.column(align=True)
        column.prop(scene.posewright, "use_keys")
        column = column.column()
        column.active = scene.posewright.use_keys
        wrapped(context, column, key_poses.told(frames), "KEYFRAME_HLT")


class POSEWRIGHT_PT_report(Tab, bpy.types.Panel):
    bl_idname = "POSEWRIGHT_PT_report"
    bl_parent_id = "POSEWRIGHT_PT_main"
    bl_label = "Last Generation"

    @classmethod
    def poll(cls, context):
        return bool(context.scene.posewright.report)

    def draw(self, context):
        wishes = context.scene.posewright
        try:
            report = json.loads(wishes.report)
            facts = _facts(report, wishes.rig)
        except (ValueError, KeyError, TypeError):
            wrapped(context, self.layout, "The report was written by another version of Posewright.", "INFO")
            return
        wrapped(context, self.layout, f'"{report["prompt"]}"', "TEXT")
        rows = self.layout.column(align=True)
        for name, value in facts:
            split = rows.split(factor=0.32)
            wrapped(context, split, name, None)
            wrapped(context, split, value, None, 0.74)
        if report.get("key_errors"):
            wrapped(context, self.layout, _NEARLY, "INFO")
        for warning in report["warnings"]:
            wrapped(context, self.layout, warning, "ERROR")


class POSEWRIGHT_PT_backend(SubPanel, bpy.types.Panel):
    bl_idname = "POSEWRIGHT_PT_backend"
    bl_label = "Backend"
    bl_order = 1  # after all others, which have none

    def draw(self, context):
        for line in runtime.of(context).backend_lines():
            wrapped(context, self.layout, line, None)
        row = self.layout.row(align=True)
        row.operator("posewright.check_backend", text="Check", icon="FILE_REFRESH")
        row.operator("posewright.preferences", text="", icon="PREFERENCES")


def _facts(report: dict, rig: bpy.types.Object | None) -> list[tuple[str, str]]:
    """The report in the animator's words: (name, value)."""
    fps = report["fps"][0] / report["fps"][1]
    seconds = ", ".join(f"{name} {value:.2f}" for name, value in report["stage_seconds"].items())
    facts = [
        ("Rig", f"{rig.name if rig is not None and rig.users_scene else 'deleted'} ({report['map']})"),
        ("Action", report["action"]),
        ("Frames", f"{report['start']} to {report['end']} at {fps:.5g} fps"),
        ("Model", report["bundle"]),
        ("System", f"{report['system']}, {report['engine']} on {report['device']}"),
        ("Seed", str(report["seed"])),
        ("Take", f"{report['take'] + 1} of {report['takes']}: {report['reason'] or 'no reason given'}"),
        ("Seconds", seconds),
    ]
    if report["foot_slide"] is not None:
        facts.append(("Foot slide", f"{report['foot_slide']:.1f} mm a frame"))
    for error in report.get("key_errors", ()):
        facts.append((f"Key at {error['frame']}", f"{error['cm']:.1f} cm, {error['degrees']:.0f} degrees"))
    if report.get("correction"):
        facts.append(
            ("Reach", ", ".join(f"{limbs} {strength:.0%}" for limbs, strength in report["correction"].items()))
        )
    if report["unknown_words"]:
        facts.append(("Unknown", ", ".join(report["unknown_words"])))
    return facts


CLASSES = (POSEWRIGHT_PT_main, POSEWRIGHT_PT_report, POSEWRIGHT_PT_backend)
