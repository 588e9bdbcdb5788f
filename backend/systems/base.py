"""What the service asks of a system."""

from __future__ import annotations

from typing import Protocol

from ..motion.motion import Motion
from ..protocol import CancelledCall, DescribeRequest, GenerateRequest, ProgressCall, Report


class Cancelled(Exception):
    """Nobody wants the result any more."""


class System(Protocol):
    """A published system on an engine that holds its networks."""

    name: str

    def generate(
        self, request: GenerateRequest, progress: ProgressCall, cancelled: CancelledCall
    ) -> tuple[list[Motion], Report]:
        """``request.takes`` Motions at the request's rate, place and heading, and the report that names the best.

        ``progress`` and ``cancelled`` are called often, in the same thread; Cancelled once ``cancelled`` says so
        (``progress`` may raise it as well), RequestError for what the system cannot do.
        """
        ...

    def describe(
        self, request: DescribeRequest, progress: ProgressCall, cancelled: CancelledCall
    ) -> tuple[list[str], list[str]]:
        """Different captions of the request's motion, and warnings; the first caption is made of always the likeliest
        word, the others are drawn. The rest is as for ``generate``."""
        ...
