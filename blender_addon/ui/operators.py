"""The operators that ask the backend, and small ones. None of them changes the scene: see ``take_operators``."""

from __future__ import annotations

import random

import bpy

from ..backend.protocol import LIMITS
from ..client.job import Job
from ..rig.refusal import Refusal
from . import order as orders
from . import preferences, runtime


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
        if not self._begin(context):
            return {"CANCELLED"}
        runtime.wait(state)
        if state.due is not None:
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


CLASSES = (
    POSEWRIGHT_OT_generate,
    POSEWRIGHT_OT_cancel,
    POSEWRIGHT_OT_check_backend,
    POSEWRIGHT_OT_notice,
    POSEWRIGHT_OT_preferences,
)
