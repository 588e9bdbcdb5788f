"""MotionGPT-2 (papers.md 4): one vocabulary of words and motion codes, one model that answers in either.

Departures from the paper: small models of our own beside Hugging Face ones, length tokens, classifier-free guidance,
constrained decoding, key poses with times, and the best of several takes by measured facts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..bundles import BundleError
from ..motion.motion import Motion
from ..protocol import LIMITS, CancelledCall, DescribeRequest, GenerateRequest, ProgressCall, Report, RequestError
from . import captioning
from .conditions import codes_of_keys
from .generating import generate
from .grammars import Blocks, steps_of
from .model import model_of
from .prompts import MASKED, POSE_TASKS, Fields
from .timeline import timeline
from .vocabulary import FRAMES_PER_CODE
from .wish import Wish, pose_task, require_fitting, require_task, untold


class MotionGPT2:
    """``bundle``: bundles.Bundle of system "motiongpt2"; ``engine``: engines.Engine that holds its networks."""

    name = "motiongpt2"

    def __init__(self, bundle, engine):
        self.model = model_of(bundle, engine, "tokens")
        try:
            for task in bundle.tasks:
                if task != "describe":
                    steps_of(self.model.prompts, task, self.model.speech, length_given=True)
        except ValueError as error:
            raise BundleError(f"bundle {bundle.name} cannot do what it says: {error}") from error

    def generate(
        self, request: GenerateRequest, progress: ProgressCall, cancelled: CancelledCall
    ) -> tuple[list[Motion], Report]:
        """``base.System.generate``."""
        return generate(self.model, self._understood, self.grammar, request, progress, cancelled)

    def describe(
        self, request: DescribeRequest, progress: ProgressCall, cancelled: CancelledCall
    ) -> tuple[list[str], list[str]]:
        """``base.System.describe``."""
        return captioning.captions(self.model, request, progress, cancelled)

    def grammar(self, wish: Wish) -> Blocks:
        """What an answer to the wish can be."""
        model, given = self.model, wish.fields.length is not None
        steps = steps_of(model.prompts, wish.task, model.speech, given)
        return Blocks(model.speech.vocabulary, steps, wish.lengths, wish.forced)

    # --- from the request to a task and its fields ---

    def _understood(self, request: GenerateRequest) -> Wish:
        task = request.task or self._natural(request)
        require_fitting(request, task)
        tasks = self.model.bundle.tasks
        if task == "fill" and task not in tasks and request.context is None and not request.task:
            # the poses are met all the same, though not at their times
            task = pose_task(request)
        require_task(self.model.bundle, task)
        if request.context is not None:
            return self._beside(request, task)
        if task == "fill":
            return self._through_keys(request)
        return self._alone(request, task)

    def _natural(self, request: GenerateRequest) -> str:
        """The task that fits what is given."""
        context = request.context
        if context is not None:
            return "predict" if context.after is None and not request.keys else "fill"
        if not request.keys:
            return "text_to_motion" if len(self.model.codes) == 1 else "holistic"
        if not request.timed:
            return "key_poses"
        # nothing says how many places there are: the model does
        ahead = request.seconds is None and request.keys[-1].frame == request.start
        return "initial_pose" if ahead and "initial_pose" in self.model.bundle.tasks else "fill"

    def _alone(self, request: GenerateRequest, task: str) -> Wish:
        """A motion by its text, and by poses without times."""
        model = self.model
        length = None if request.seconds is None else model.codes_for(request.seconds)
        fields, warnings = Fields(request.text, length=length), ()
        if task in POSE_TASKS:
            codes, warnings = codes_of_keys(model, request)
            fields, warnings = replace(fields, keys=codes), (*warnings, *untold(request, task))
        lengths = (model.fewest, model.most) if length is None else (length, length)
        return Wish(task, fields, lengths, request.frames, warnings=warnings)

    def _through_keys(self, request: GenerateRequest) -> Wish:
        """Slots of a whole motion, the keys at their times."""
        model, frames, seconds, warnings = self.model, request.frames, request.seconds, ()
        if frames is None:
            shortest = math.ceil(LIMITS.min_seconds * request.fps)
            frames = max(request.keys[-1].frame - request.start + 1, shortest)
            seconds = frames / float(request.fps)
            warnings = ("no length was given: the motion ends with the last key pose",)
        slots = np.full(model.codes_for(seconds), MASKED)
        step = float(model.codec.fps / request.fps)
        slots, noted = self._keyed(request, slots, lambda frame: int(frame * step) // FRAMES_PER_CODE)
        return self._filled(request, slots, frames, (*warnings, *noted))

    def _beside(self, request: GenerateRequest, task: str) -> Wish:
        """What goes on from, leads into or lies between motions that are given."""
        model = self.model
        if request.frames is None and task == "fill":
            between = request.context.before is not None
            action = f"Say how many seconds {'lie between the two motions' if between else 'lead into it'}."
            raise RequestError("bad_seconds", "the way to what comes after has no length", action)
        line = timeline(model, request.context, request.frames)
        if task == "fill":
            slots = np.concatenate([line.before, np.full(line.gap, MASKED), line.after])
            slots, noted = self._keyed(request, slots, line.place)
            return replace(self._filled(request, slots, request.frames, noted), timeline=line)
        length = line.gap or None
        lengths = (model.fewest, model.most - len(line.before)) if length is None else (length, length)
        return Wish(task, Fields(request.text, known=line.before, length=length), lengths, request.frames, line)

    def _filled(self, request: GenerateRequest, slots: np.ndarray, frames: int, warnings: tuple[str, ...]) -> Wish:
        count = len(slots)
        fields = Fields(request.text, slots=slots, length=count)
        return Wish("fill", fields, (count, count), frames, warnings=warnings)

    def _keyed(
        self, request: GenerateRequest, slots: np.ndarray, place: Callable[[int], int]
    ) -> tuple[np.ndarray, tuple[str, ...]]:
        """The slots with the codes of the keys; ``place``: new frame of the scene -> slot."""
        if not request.keys:
            return slots, ()
        slots, taken, near = slots.copy(), {}, []
        codes, warnings = codes_of_keys(self.model, request)
        for key, code in zip(request.keys, codes):
            at = place(key.frame - request.start)
            if at in taken:
                near.append(f"the key poses at frames {taken[at]} and {key.frame} are too near: the first counts")
                continue
            slots[at], taken[at] = code, key.frame
        return slots, (*warnings, *near)
