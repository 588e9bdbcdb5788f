"""What a person sees while a command runs: numbered steps with their seconds, and failures with a remedy."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Failure(Exception):
    """A step that did not work: ``message`` says what failed, ``remedy`` what to do about it."""

    def __init__(self, message: str, remedy: str = ""):
        super().__init__(message)
        self.message, self.remedy = message, remedy


class Console:
    """Prints steps. Everything goes to one stream, flushed, so that logs of a CI keep their order."""

    def __init__(self, stream=None):
        self.stream = stream or sys.stdout
        self.count = 0
        self.started = time.monotonic()

    def line(self, text: str = "") -> None:
        print(text, file=self.stream, flush=True)

    def note(self, text: str) -> None:
        """An indented line below the current step."""
        for part in text.splitlines():
            self.line(f"    {part}")

    def failure(self, failure: Failure) -> None:
        self.line()
        self.line(f"FAILED: {failure.message}")
        if failure.remedy:
            self.line(f"What to do: {failure.remedy}")

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A numbered header, then the seconds it took; a failure passes through and is printed at the end."""
        self.count += 1
        self.line(f"[{self.count}] {title}")
        start = time.monotonic()
        try:
            yield
        except BaseException:
            self.note(f"failed after {time.monotonic() - start:.1f} s")
            raise
        self.note(f"done in {time.monotonic() - start:.1f} s")

    @property
    def seconds(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self.started
