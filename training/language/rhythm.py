"""Something that is due every so many seconds of a run."""

from __future__ import annotations


class Rhythm:
    def __init__(self, seconds: float, now: float):
        self.seconds, self.last = seconds, now

    def due(self, now: float) -> bool:
        """Whether the time has come; then it begins anew."""
        if now - self.last < self.seconds:
            return False
        self.last = now
        return True
