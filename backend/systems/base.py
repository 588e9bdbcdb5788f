"""What the service asks of a system."""

from __future__ import annotations

from typing import Protocol

from ..motion.motion import Motion
from ..protocol import CancelledCall, GenerateRequest, ProgressCall, Report


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
