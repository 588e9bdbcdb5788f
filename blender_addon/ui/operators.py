"""The operators. Generating changes nothing; one operator applies, and that is the one undo step."""

from __future__ import annotations

import json
import random
import time
import traceback
from fractions import Fraction

import bpy

from ..backend.motion.floor import foot_slide
from ..backend.motion.motion import Motion
from ..backend.motion.resample import resample
from ..backend.protocol import LIMITS
from ..client.job import Job
from ..rig import target
from ..rig.refusal import Refusal
from ..rig.write import apply_motion
from . import order as orders
from . import preferences, properties, runtime


class _Asks:
    """An operator that gives the backend a job: in the window a timer drives it, in a script ``execute`` waits."""

    def invoke(self, context, event):
        if bpy.app.background:  # no timer ever fires there
            return self.execute(context)
        if not self._begin(context):
            return {"CANCELLED"}
        runtime.watch()
        return {"FINISHED"}

    def execute(self, context):
        state = runtime.of(context)
        before = state.result
        if not self._begin(context):
            return {"CANCELLED"}
        runtime.wait(state)
        if state.result is not before:
            runtime.apply_result(state)
        if state.failed:
            self.report({"ERROR"}, state.message)
            return {"CANCELLED"}
        self.report({"INFO"}, self.done(state))
        return {"FINISHED"}

    def _begin(self, context) -> bool:
        state = runtime.of(context)
        if state.generating:
            self.report({"WARNING"}, "A motion is being generated already. Wait for it or press Cancel.")
            return False
        try:
            self.ask(context, state)
        except Refusal as refusal:
            state.say(str(refusal), failed=True)
            self.report({"ERROR"}, state.message)
            return False
        return True


class POSEWRIGHT_OT_generate(_Asks, bpy.types.Operator):
    """Generate a motion for the selected armature, from the playhead on"""

    bl_idname = "posewright.generate"
    bl_label = "Generate"
    bl_options = {"REGISTER"}

    def ask(self, context, state: runtime.Runtime) -> None:
        wishes = context.scene.posewright
        if wishes.new_seed:
            wishes.seed = random.randrange(LIMITS.seed)
        order, request = orders.make(context, state)
        state.begin(Job(state.client, preferences.launch(context), "motion/generate", request.to_dict()), order)

    def done(self, state: runtime.Runtime) -> str:
        return state.message


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
        except Exception as error:  # Blender would show its traceback to the animator
            traceback.print_exc()
            state.say(_unexpected(error), failed=True)
            self.report({"ERROR"}, state.message)
            return {"CANCELLED"}
        state.say(message)
        self.report({"INFO"}, message)
        return {"FINISHED"}

    def _apply(self, context, result: runtime.Result | None) -> str:
        if result is None:
            raise Refusal("There is no take to apply. Press Generate first.")
        index = result.report.chosen if self.take < 0 else min(self.take, len(result.takes) - 1)
        order = result.order
        rig = target.find(order.rig_uid)
        if rig is None:
            raise Refusal(f"The armature '{order.rig_name}' was deleted while its motion was made.")
        target.check_editable(rig)
        scene = next((s for s in bpy.data.scenes if s.session_uid == order.scene_uid), context.scene)
        motion = _at_rate(result.takes[index], orders.rate(scene))
        report = _report(result, index, motion, scene)
        begun = time.perf_counter()
        action = apply_motion(context, rig, order.pose, motion, order.start, order.prompt)
        report["stage_seconds"]["apply"] = round(time.perf_counter() - begun, 4)
        report["action"] = action.name
        saved = scene.posewright
        saved.schema, saved.rig, saved.report = properties.SCHEMA, rig, json.dumps(report)
        return f"'{action.name}' on '{rig.name}': frames {report['start']} to {report['end']}."


def _at_rate(motion: Motion, fps: Fraction) -> Motion:
    """The scene's rate may have been changed since Generate was pressed: the motion still takes as many seconds."""
    if fps == motion.fps:
        return motion
    return resample(motion, fps, max(1, round(len(motion) / motion.fps * fps)))


def _report(result: runtime.Result, index: int, motion: Motion, scene: bpy.types.Scene) -> dict:
    """What is saved with the scene about ``motion``, which is take ``index`` at the scene's rate."""
    order, report = result.order, result.report.to_dict()
    end = order.start + len(motion) - 1
    report["warnings"] += order.pose.warnings
    if end > scene.frame_end:
        report["warnings"].append(f"The motion ends at frame {end}, after the scene's last frame {scene.frame_end}.")
    if index != result.report.chosen:
        report["reason"] = f"chosen by hand; take {result.report.chosen + 1} fits the prompt best"
    if motion is not result.takes[result.report.chosen]:  # the backend measured the chosen one, at its own rate
        report |= {"frames": len(motion), "foot_slide": foot_slide(motion)}
    return report | {
        "schema": properties.SCHEMA,
        "prompt": order.prompt,
        "map": order.pose.bone_map.name,
        "start": order.start,
        "end": end,
        "fps": [motion.fps.numerator, motion.fps.denominator],
        "take": index,
        "takes": len(result.takes),
    }


def _unexpected(error: Exception) -> str:
    """One sentence for the panel; the traceback is for the console."""
    first = (str(error).strip().splitlines() or [""])[0][:200]
    what = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return f"The take was not applied because of an error in Posewright ({what}); the system console shows where."


class POSEWRIGHT_OT_check_backend(_Asks, bpy.types.Operator):
    """Start the backend and show its version, its Python, its engine and its model"""

    bl_idname = "posewright.check_backend"
    bl_label = "Check Backend"
    bl_options = {"INTERNAL"}

    def ask(self, context, state: runtime.Runtime) -> None:
        state.begin(Job(state.client, preferences.launch(context)))

    def done(self, state: runtime.Runtime) -> str:
        return " | ".join(state.backend_lines())


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
