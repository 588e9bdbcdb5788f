"""What lives as long as the add-on is switched on: the backend, the job under way, the takes that came.

``WindowManager.posewright`` holds the one ``Runtime``. A timer drives it; in background mode the operators do.
"""

from __future__ import annotations

import time
from pathlib import Path

import bpy

from ..backend.protocol import GenerateAnswer, RequestError
from ..client.client import Client
from ..client.job import Job
from ..rig.bone_maps.lookup import Found, Maps
from ..rig.fitting.puppet import SWEEPING, sweep
from . import key_poses
from .fitting import Fitting, fitting
from .takes import Order, Result

_TICK = 0.05
_FITTING_TICK = 0.005


class Runtime:
    """The state behind the panel. ``message`` is what last went wrong or right, for the panel."""

    def __init__(self, folder: Path):
        self.client = Client(folder)
        self.maps = Maps()
        self.shown: Found | None = None
        """the map of the selected armature as of this redraw: the main panel looks it up for those under it"""
        self.key_frames = key_poses.KeyFrames()
        self.job: Job | Fitting | None = None
        self.order: Order | None = None
        self.result: Result | None = None
        self.due: int | None = None
        """the take that is to be put on its rig, now that the job has ended"""
        self.message = ""
        self.failed = False

    @property
    def generating(self) -> bool:
        return self.job is not None and self.order is not None

    def say(self, message: str, failed: bool = False) -> None:
        self.message, self.failed = message, failed
        _redraw()  # where no timer runs nobody else does

    def begin(self, job: Job, order: Order | None = None) -> None:
        """Start a job; the one that still runs, if any, is cancelled."""
        if self.job is not None:
            self.job.cancel()
        self.say("")
        self.job, self.order = job, order
        job.start()

    def cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()
            self.job = self.order = None
            self.say("Cancelled. Nothing was changed.")

    def poll(self) -> bool:
        """Move the job on; True once, when it has ended. Then ``result`` or ``message`` says how."""
        job = self.job
        if job is None:
            self.client.poll()
            return False
        job.poll()
        if not job.over:
            return False
        order, self.job, self.order = self.order, None, None
        if job.failure is not None:
            self.say(str(job.failure), failed=True)
        elif order is None:
            info = self.client.info
            cannot = info is not None and not info.engine
            self.say(
                f"The backend answers, but cannot generate: {info.engine_why}" if cannot else "The backend answers.",
                cannot,
            )
        elif isinstance(job, Fitting):
            self.result, self.due = job.result, job.take
        else:
            self._finish(job, order)
        return self.job is None

    def _finish(self, job: Job, order: Order) -> None:
        try:
            answer = GenerateAnswer.from_dict(job.result)
        except RequestError as error:
            self.say(f"The backend's answer cannot be read: {error}", failed=True)
            return
        takes = job.takes
        if not takes or len(takes) != answer.takes or not 0 <= answer.report.chosen < len(takes):
            self.say(f"The backend announced {answer.takes} takes and sent {len(takes)}. Try again.", failed=True)
            return
        result = Result(order, takes, answer.report)
        job = fitting(result, answer.report.chosen)
        if job is None:
            self.result, self.due = result, answer.report.chosen
        else:
            self.job, self.order = job, order

    def fit(self, take: int) -> bool:
        """Whether controls have to be fitted before a take of the result can be put on its rig; the job does so then,
        and puts it on."""
        job = None if self.job is not None else fitting(self.result, take)
        if job is not None:
            self.say("")
            self.job, self.order = job, self.result.order
        return job is not None

    def backend_lines(self) -> list[str]:
        """The backend's state, in lines for the panel."""
        if self.job is None:
            self.client.poll()  # no timer runs while nothing is awaited: it may have ended since
        if self.client.ready:
            info = self.client.info
            return [
                f"Ready: Posewright {info.version}, Python {info.python}",
                f"Engine: {info.engine or 'none'}, {info.engine_why}".rstrip(", "),
                f"Model: {info.default_bundle or 'none'}",
            ]
        if self.job is not None:
            return ["Starting"]
        if self.client.failure is not None:
            return [f"Not running: {self.client.failure}"]
        if self.client.resting:
            return ["Resting, as nothing was asked of it; the next Generate starts it again"]
        return ["Not started; the first Generate starts it"]


def of(context: bpy.types.Context) -> Runtime:
    return context.window_manager.posewright


def install() -> None:
    """Called when the add-on is switched on."""
    # a plain Python attribute of the class, not a property: it holds threads and pipes and is never saved
    bpy.types.WindowManager.posewright = Runtime(Path(__file__).resolve().parent.parent)
    bpy.app.handlers.load_pre.append(_before_load)
    for name in SWEEPING:
        getattr(bpy.app.handlers, name).append(sweep)
    bpy.app.handlers.depsgraph_update_post.append(key_poses.after_update)


def remove() -> None:
    """Called when the add-on is switched off: nothing of it stays behind, no process either."""
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    bpy.app.handlers.load_pre.remove(_before_load)
    for name in SWEEPING:
        getattr(bpy.app.handlers, name).remove(sweep)
    sweep()
    bpy.app.handlers.depsgraph_update_post.remove(key_poses.after_update)
    bpy.types.WindowManager.posewright.client.close()
    del bpy.types.WindowManager.posewright


def watch() -> None:
    """Have the timer drive the job until nothing is awaited any more."""
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=_TICK, persistent=True)


def wait(runtime: Runtime) -> None:
    """Drive the job to its end here and now: for background mode and scripts."""
    while runtime.job is not None and not runtime.poll():
        time.sleep(0.005)


@bpy.app.handlers.persistent
def _before_load(*_):
    runtime = bpy.types.WindowManager.posewright
    runtime.cancel()
    runtime.result = None
    runtime.say("")


def _tick() -> float | None:
    runtime: Runtime = bpy.types.WindowManager.posewright
    ended = runtime.poll()
    if ended:
        window = bpy.context.window_manager.windows[0]
        with bpy.context.temp_override(window=window):
            if runtime.due is not None:
                apply_result(runtime)
            level = "WARNING" if runtime.failed else "INFO"  # an ERROR opens a box under the mouse, wherever it is
            bpy.ops.posewright.notice("INVOKE_DEFAULT", text=runtime.message, level=level)
    _redraw()
    if isinstance(runtime.job, Fitting):
        return _FITTING_TICK
    return None if runtime.job is None and runtime.client.idle else _TICK


def apply_result(runtime: Runtime) -> bool:
    """Put the take that is due on its rig, as one undo step. On failure the runtime's message says why."""
    take, runtime.due = runtime.due, None
    try:
        done = bpy.ops.posewright.apply_take("EXEC_DEFAULT", True, take=take) == {"FINISHED"}
    except RuntimeError as error:  # how Blender hands on an operator's error report
        if not runtime.failed:
            runtime.say(str(error).removeprefix("Error: ").strip(), failed=True)
        return False
    return done


def _redraw() -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in ("VIEW_3D", "PREFERENCES"):
                area.tag_redraw()
