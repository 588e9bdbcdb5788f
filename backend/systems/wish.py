"""What the language model is asked for, once it is known how the request is to be understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..motion.motion import KeyPose
from ..protocol import GenerateRequest, RequestError
from .prompts import MASKED, Fields
from .timeline import Timeline

PLAIN_TASKS = ("text_to_motion", "holistic")
SINGLE_POSE_TASKS = ("initial_pose", "last_pose")


@dataclass(frozen=True, eq=False)
class Wish:
    """A task with its fields; ``lengths``: fewest and most codes of the answer."""

    task: str
    fields: Fields
    lengths: tuple[int, int]
    frames: int | None
    """new frames at the scene's rate; None: as many as the answer covers"""
    timeline: Timeline | None = None
    """where the answer lies beside the motions that were given; None: it is the whole motion"""
    warnings: tuple[str, ...] = ()

    @property
    def forced(self) -> Mapping[int, int]:
        """Place -> code that is known there."""
        return {place: int(code) for place, code in enumerate(self.fields.slots) if code != MASKED}


def require_task(bundle, task: str) -> str:
    """The task; RequestError that lists what the bundle does where it does not do this."""
    if task in bundle.tasks:
        return task
    known = ", ".join(name for name in bundle.tasks if name != "describe") or "nothing that generates"
    raise RequestError(
        "task", f"bundle {bundle.name} does not do {task!r}; it does {known}", "Use a bundle that was trained for it."
    )


def require_fitting(request: GenerateRequest, task: str) -> None:
    """RequestError where ``task``, which the request names, is not about what the request gives."""
    keys, context = len(request.keys), request.context
    placed = keys > 0 and request.timed
    before = context is not None and context.before is not None
    if keys and context is not None and not request.timed:
        action = "Give each key pose its time (on the command line: FILE@SECONDS)."
        raise RequestError("bad_keys", "key poses beside a motion need times, and these have none", action)
    needs = {
        **dict.fromkeys(PLAIN_TASKS, (not keys and context is None, "a text alone")),
        **dict.fromkeys(SINGLE_POSE_TASKS, (keys == 1 and context is None, "one key pose")),
        "key_poses": (keys > 0 and context is None, "key poses"),
        "predict": (before and context.after is None and not keys, "a motion before"),
        "fill": (placed or context is not None, "timed key poses, or a motion before or after"),
        "describe": (False, "motion/describe"),
    }
    fits, what = needs.get(task, (True, ""))
    if not fits:
        raise RequestError("task", f"task {task!r} needs {what}", "Leave the task out, or give what it needs.")
    place = _place(request, task)
    if request.timed and place is not None and request.keys[0].frame != place:
        raise RequestError(
            "task",
            f"task {task!r} has its key pose at frame {place}, it was given at frame {request.keys[0].frame}",
            "Leave the task out, or move the key pose.",
        )


def _place(request: GenerateRequest, task: str) -> int | None:
    """The scene's frame of the pose of a task that knows of one alone; None where that is not known."""
    if task == "initial_pose":
        return request.start
    return request.start + request.frames - 1 if task == "last_pose" and request.frames is not None else None


def untold(request: GenerateRequest, task: str) -> tuple[str, ...]:
    """A warning where the keys have times and the task does not tell them."""
    if not request.timed or not request.keys or _place(request, task) is not None:
        return ()
    return ("the model is not told when the key poses come, only their order",)


def frames_of_keys(request: GenerateRequest, task: str, frames: int) -> list[tuple[KeyPose, int]]:
    """Each key with its frame among the ``frames`` new ones; those whose frame is not known or not reached are left
    out."""
    if request.timed:
        placed = [(key, key.frame - request.start) for key in request.keys]
    else:
        placed = [(key, {"initial_pose": 0, "last_pose": frames - 1}.get(task, -1)) for key in request.keys]
    return [(key, frame) for key, frame in placed if 0 <= frame < frames]


def pose_task(request: GenerateRequest) -> str:
    """The paper's form for what is keyed: the initial pose, the last one, or poses in their order."""
    (first, *others) = request.keys
    if request.timed and not others:
        if first.frame == request.start:
            return "initial_pose"
        if request.frames is not None and first.frame == request.start + request.frames - 1:
            return "last_pose"
    return "key_poses"
