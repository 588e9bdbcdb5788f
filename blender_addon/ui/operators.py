"""The operators. Generating changes nothing; one operator applies, and that is the one undo step."""

from __future__ import annotations

import json
import random
import time

import bpy

from ..backend.protocol import LIMITS
from ..client.job import Job
from ..rig import target
from ..rig.refusal import Refusal
from ..rig.write import apply_motion
from . import order as orders
from . import preferences, properties, runtime


class POSEWRIGHT_OT_generate(bpy.types.Operator):
    """Generate a motion for the selected armature, from the playhead on"""

    bl_idname = "posewright.generate"
    bl_label = "Generate"
    bl_options = {"REGISTER"}

    def invoke(self, context, event):
        if bpy.app.background:  # no timer ever fires there
            return self.execute(context)
        if not self._begin(context):
            return {"CANCELLED"}
        runtime.watch()
        return {"FINISHED"}

    def execute(self, context):
        if not self._begin(context):
            return {"CANCELLED"}
        state = runtime.of(context)
        before = state.result
        runtime.wait(state)
        if not state.failed and state.result is not before:
            runtime.apply_result(state)
        if state.failed:
            self.report({"ERROR"}, state.message)
            return {"CANCELLED"}
        self.report({"INFO"}, state.message)
        return {"FINISHED"}

    def _begin(self, context) -> bool:
        state, wishes = runtime.of(context), context.scene.posewright
        if state.generating:
            self.report({"WARNING"}, "A motion is being generated already. Wait for it or press Cancel.")
            return False
        if wishes.new_seed:
            wishes.seed = random.randrange(LIMITS.seed)
        try:
            order, request = orders.make(context, state)
            python = preferences.backend_python(context)
        except Refusal as refusal:
            state.say(str(refusal), failed=True)
            self.report({"ERROR"}, str(refusal))
            return False
        state.begin(Job(state.client, python, "motion/generate", request.to_dict()), order)
        return True


class POSEWRIGHT_OT_cancel(bpy.types.Operator):
    """Stop generating; nothing is changed"""

    bl_idname = "posewright.cancel"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    def execute(self, context):
        runtime.of(context).cancel()
        if not bpy.app.background:
            runtime.watch()  # the backend still has to acknowledge
        return {"FINISHED"}


class POSEWRIGHT_OT_apply_take(bpy.types.Operator):
    """Put a generated take on its rig as a new action; the old action goes to a muted NLA track"""

    bl_idname = "posewright.apply_take"
    bl_label = "Apply Take"
    bl_options = {"REGISTER", "UNDO"}

    take: bpy.props.IntProperty(
        name="Take", description="Which take; -1 is the one that fits the prompt best", default=-1, min=-1
    )

    def execute(self, context):
        state = runtime.of(context)
        try:
            message = self._apply(context, state.result)
        except Refusal as refusal:
            state.say(f"{refusal} Nothing was changed.", failed=True)
            self.report({"ERROR"}, state.message)
            return {"CANCELLED"}
        state.say(message)
        self.report({"INFO"}, message)
        return {"FINISHED"}

    def _apply(self, context, result: runtime.Result | None) -> str:
        if result is None:
            raise Refusal("There is no take to apply. Press Generate first.")
        index = result.report.chosen if self.take < 0 else min(self.take, len(result.takes) - 1)
        order, motion = result.order, result.takes[index]
        rig = target.find(order.rig_uid)
        if rig is None:
            raise Refusal(f"The armature '{order.rig_name}' was deleted while its motion was made.")
        target.check_editable(rig)
        begun = time.perf_counter()
        action = apply_motion(context, rig, order.pose, motion, order.start, order.prompt)
        seconds = time.perf_counter() - begun
        scene = next((s for s in bpy.data.scenes if s.session_uid == order.scene_uid), context.scene)
        end = order.start + len(motion) - 1
        warnings = list(order.pose.warnings)
        if end > scene.frame_end:
            warnings.append(f"The motion ends at frame {end}, after the scene's last frame {scene.frame_end}.")
        saved, report = scene.posewright, result.report.to_dict()
        report["stage_seconds"]["apply"] = round(seconds, 4)
        report["warnings"] += warnings
        report |= {
            "schema": properties.SCHEMA,
            "prompt": order.prompt,
            "action": action.name,
            "map": order.pose.bone_map.name,
            "start": order.start,
            "end": end,
            "fps": [motion.fps.numerator, motion.fps.denominator],
            "take": index,
            "takes": len(result.takes),
        }
        saved.schema, saved.rig, saved.report = properties.SCHEMA, rig, json.dumps(report)
        return f"'{action.name}' on '{rig.name}': frames {order.start} to {end}."


class POSEWRIGHT_OT_check_backend(bpy.types.Operator):
    """Start the backend and show its versions"""

    bl_idname = "posewright.check_backend"
    bl_label = "Check Backend"
    bl_options = {"INTERNAL"}

    def invoke(self, context, event):
        if bpy.app.background:
            return self.execute(context)
        if not self._begin(context):
            return {"CANCELLED"}
        runtime.watch()
        return {"FINISHED"}

    def execute(self, context):
        if not self._begin(context):
            return {"CANCELLED"}
        state = runtime.of(context)
        runtime.wait(state)
        if state.failed:
            self.report({"ERROR"}, state.message)
            return {"CANCELLED"}
        self.report({"INFO"}, " | ".join(state.backend_lines()))
        return {"FINISHED"}

    def _begin(self, context) -> bool:
        state = runtime.of(context)
        if state.generating:
            self.report({"WARNING"}, "A motion is being generated: the backend is at work.")
            return False
        try:
            python = preferences.backend_python(context)
        except Refusal as refusal:
            state.say(str(refusal), failed=True)
            self.report({"ERROR"}, str(refusal))
            return False
        state.begin(Job(state.client, python))
        return True


class POSEWRIGHT_OT_notice(bpy.types.Operator):
    """Show a message of the add-on in the status bar"""

    bl_idname = "posewright.notice"
    bl_label = "Posewright"
    bl_options = {"INTERNAL"}

    text: bpy.props.StringProperty()
    level: bpy.props.StringProperty(default="INFO")

    def invoke(self, context, event):
        # Blender shows reports of operators that the event loop ran, not of those that Python called: wait for an event
        self._timer = context.window_manager.event_timer_add(0.01, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        context.window_manager.event_timer_remove(self._timer)
        return self.execute(context)

    def execute(self, context):
        self.report({self.level}, self.text)
        return {"FINISHED"}


class POSEWRIGHT_OT_preferences(bpy.types.Operator):
    """Open the preferences of Posewright"""

    bl_idname = "posewright.preferences"
    bl_label = "Preferences"
    bl_options = {"INTERNAL"}

    def execute(self, context):
        return bpy.ops.preferences.addon_show("INVOKE_DEFAULT", module=preferences.ADDON)
