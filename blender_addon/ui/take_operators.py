"""The operators that change a rig: a take is put on it, or taken off again. Each is one undo step."""

from __future__ import annotations

import json
import time
import traceback

import bpy

from ..backend.motion.floor import foot_slide
from ..backend.motion.motion import Motion
from ..rig import per_rig, target
from ..rig.refusal import Refusal
from ..rig.writing.before import Before
from ..rig.writing.discard import discard
from ..rig.writing.write import apply_motion
from . import order as orders
from . import properties, runtime


class POSEWRIGHT_OT_apply_take(bpy.types.Operator):
    """Put a generated take on its rig as a new action; the old action goes to a muted NLA track"""

    bl_idname = "posewright.apply_take"
    bl_label = "Apply Take"
    bl_options = {"REGISTER", "UNDO"}

    take: bpy.props.IntProperty(
        name="Take",
        description="Which take; -1 is the one that fits the prompt best",
        default=-1,
        min=-1,
        options={"SKIP_SAVE"},
    )

    def invoke(self, context, event):
        state = runtime.of(context)
        # no timer ever fires in background mode
        if bpy.app.background or state.result is None or not state.fit(self._index(state.result)):
            return self.execute(context)
        runtime.watch()
        return {"CANCELLED"}  # nothing to undo yet

    def execute(self, context):
        state = runtime.of(context)
        try:
            message = self._apply(context, state.result)
        except Refusal as refusal:
            state.say(f"{refusal} Nothing was changed.", failed=True)
            self.report({"ERROR"}, state.message)
            return {"CANCELLED"}
        except Exception as error:  # whatever it is, Blender would show its traceback to the animator
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
        index, order = self._index(result), result.order
        rig = target.find(order.rig_uid)
        if rig is None:
            raise Refusal(f"The armature '{order.rig_name}' was deleted while its motion was made.")
        target.check_editable(rig)
        scene = order.scene
        motion = result.motion(index, orders.rate(scene))
        report = _report(result, index, motion, scene)
        begun = time.perf_counter()
        solved = result.solutions.get((index, motion.fps))
        applied = apply_motion(context, rig, order.pose, motion, order.start, order.prompt, order.options, solved)
        report["stage_seconds"]["apply"] = round(time.perf_counter() - begun, 4)
        report["action"] = applied.action.name
        report["warnings"] += applied.warnings
        saved = scene.posewright
        saved.schema, saved.rig, saved.report = properties.SCHEMA, rig, json.dumps(report)
        per_rig.renew(saved.before, rig).json = applied.before.to_json()
        return f"'{applied.action.name}' on '{rig.name}': frames {report['start']} to {report['end']}."

    def _index(self, result: runtime.Result) -> int:
        return result.report.chosen if self.take < 0 else min(self.take, len(result.takes) - 1)


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
        report |= {"frames": len(motion), "foot_slide": foot_slide(motion), "key_errors": []}
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
    kind = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return f"The take was not applied because of an error in Posewright ({kind}); the system console shows where."


class POSEWRIGHT_OT_discard(bpy.types.Operator):
    """Take the last take off the selected armature again: action, switches and pose as they were before"""

    bl_idname = "posewright.discard"
    bl_label = "Discard"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        cls.poll_message_set("The selected armature has no take that can be discarded.")
        return per_rig.entry(context.scene.posewright.before, context.active_object) is not None

    def execute(self, context):
        state, saved = runtime.of(context), context.scene.posewright
        try:
            rig = target.active_armature(context)
            target.check_editable(rig)
            message = discard(context, rig, Before.from_json(per_rig.entry(saved.before, rig).json))
        except Refusal as refusal:
            state.say(f"{refusal} Nothing was changed.", failed=True)
            self.report({"ERROR"}, state.message)
            return {"CANCELLED"}
        per_rig.clear(saved.before, rig)
        if saved.rig == rig:
            saved.report = ""
        state.say(message)
        self.report({"INFO"}, message)
        return {"FINISHED"}


CLASSES = (POSEWRIGHT_OT_apply_take, POSEWRIGHT_OT_discard)
