"""Operators whose work comes in steps (``rig/fitting/steps.py``), so that no step holds up Blender's window."""

from __future__ import annotations

import time
import traceback
from collections.abc import Generator

import bpy

from ..rig.fitting.steps import finished
from . import runtime

_SLICE = 0.02
"""seconds of work at a time"""
_PAUSE = 0.005
"""seconds between two slices, in which the window draws itself"""


class Stepwise:
    """In a window a timer drives the work, and Esc ends it; a script waits for it.

    Modal, unlike generating: it takes seconds, not minutes, and while rigs are played nobody may undo or save.
    """

    def steps(self, context) -> Generator[float, None, str]:
        """The work; returns the message for the animator. Closed before its end it leaves everything as it was."""
        raise NotImplementedError

    def execute(self, context):
        try:
            return self._done(context, finished(self.steps(context)))
        except Exception as error:  # whatever it is, Blender would show its traceback to the animator
            return self._failed(context, error)

    def start(self, context):
        """What ``invoke`` returns: the work goes on by itself."""
        if bpy.app.background:  # no timer ever fires there
            return self.execute(context)
        self._work = self.steps(context)
        manager = context.window_manager
        manager.progress_begin(0, 100)
        self._timer = manager.event_timer_add(_PAUSE, window=context.window)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        if event.type == "ESC":
            self.cancel(context)
            runtime.of(context).say("Cancelled. Nothing was changed.")
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"RUNNING_MODAL"}
        end = time.perf_counter() + _SLICE
        try:
            share = next(self._work)
            while time.perf_counter() < end:
                share = next(self._work)
        except StopIteration as result:
            self._release(context)
            return self._done(context, result.value)
        except Exception as error:  # as in execute
            self._release(context)
            return self._failed(context, error)
        context.window_manager.progress_update(100 * share)
        return {"RUNNING_MODAL"}

    def cancel(self, context):
        """Blender calls this too, when the window is closed meanwhile."""
        self._work.close()
        self._release(context)

    def _release(self, context) -> None:
        context.window_manager.event_timer_remove(self._timer)
        context.window_manager.progress_end()

    def _done(self, context, message: str):
        runtime.of(context).say(message)
        self.report({"INFO"}, message)
        return {"FINISHED"}

    def _failed(self, context, error: Exception):
        reason = str(error)
        message = f"{reason}{'' if reason.endswith(('.', '?', '!')) else '.'} Nothing was changed."
        if not isinstance(error, (ValueError, OSError)):  # of what the animator can put right the words are enough
            traceback.print_exc()
            message = f"An error in Posewright ({type(error).__name__}: {error}); the system console shows where."
        runtime.of(context).say(message, failed=True)
        self.report({"ERROR"}, message)
        return {"CANCELLED"}


class StepwiseFile(Stepwise):
    """The same for an operator with a file: with a ``filepath`` the work begins, without one the file browser asks for
    it. So the operator must not remember its path (SKIP_SAVE)."""

    def invoke(self, context, event):
        if self.filepath:
            return self.start(context)
        self.chosen_in_browser = True
        return super().invoke(context, event)

    def execute(self, context):
        if getattr(self, "chosen_in_browser", False):
            # the file browser calls this once the file is chosen, and nothing modal can begin there but anew
            begin = getattr(bpy.ops.posewright, self.bl_idname.partition("_OT_")[2])
            begin("INVOKE_DEFAULT", **self.as_keywords())
            return {"CANCELLED"}
        return super().execute(context)
