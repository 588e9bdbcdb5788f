"""MotionGPT (papers.md 3): motion codes are numbers in the text, and its four conditions are a text alone or with an
initial pose, a last pose or key poses in their order.

Departures from the paper: constrained decoding, so that no answer needs to be guessed at, and the best of several takes
by measured facts.
"""

from __future__ import annotations

from ..motion.motion import Motion
from ..protocol import CancelledCall, DescribeRequest, GenerateRequest, ProgressCall, Report, RequestError
from . import captioning
from .conditions import codes_of_keys
from .generating import generate
from .grammars import Digits
from .grammars.digits import CHARACTERS
from .model import model_of
from .prompts import Fields
from .wish import Wish, pose_task, require_fitting, require_task

UNTIMED = "this system is not told when a key pose comes, only whether it is the first, the last or one in order"


class MotionGPT:
    """``bundle``: bundles.Bundle of system "motiongpt"; ``engine``: engines.Engine that holds its networks."""

    name = "motiongpt"

    def __init__(self, bundle, engine):
        self.model = model_of(bundle, engine, "digits")
        self._characters = engine.spelled(CHARACTERS)

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

    def grammar(self, wish: Wish) -> Digits:
        """What an answer to the wish can be."""
        (codes,) = self.model.codes.values()
        return Digits(self._characters, self.model.speech.text.eos, codes, wish.lengths)

    def _understood(self, request: GenerateRequest) -> Wish:
        model = self.model
        if request.context is not None:
            raise RequestError(
                "task",
                f"bundle {model.bundle.name} does not go on from motions; it does {', '.join(model.bundle.tasks)}",
                "Use a bundle of MotionGPT-2.",
            )
        task = request.task or (pose_task(request) if request.keys else "text_to_motion")
        require_fitting(request, task)
        require_task(model.bundle, task)
        length = None if request.seconds is None else model.codes_for(request.seconds)
        lengths = (model.fewest, model.most) if length is None else (length, length)
        if not request.keys:
            return Wish(task, Fields(request.text, length=length), lengths, request.frames)
        codes, warnings = codes_of_keys(model, request)
        if request.timed:
            warnings = (*warnings, UNTIMED)
        return Wish(task, Fields(request.text, keys=codes, length=length), lengths, request.frames, warnings=warnings)
