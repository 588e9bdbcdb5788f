"""The end of a backend that nobody uses: it gives its memory back, and the client starts it again when needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Idle:
    """Calls ``end`` from a thread once there was no request for ``seconds`` (None: never) and ``busy()`` is false.

    The decision and a request exclude each other: ``end`` waits for the request that is ``awake``, and a request that
    comes after the decision finds the process gone before anything was said about it, so that the client can send it
    again.
    """

    def __init__(self, seconds: float | None, busy: Callable[[], bool], end: Callable[[], None]):
        self._seconds, self._busy, self._end = seconds, busy, end
        self._lock = threading.Lock()
        self.touch()
        if seconds is not None:
            threading.Thread(target=self._watch, name="idle", daemon=True).start()

    def touch(self):
        """The time begins anew."""
        self._last = time.monotonic()

    @contextmanager
    def awake(self) -> Iterator[None]:
        """While inside, a request is read; the time begins anew after it."""
        with self._lock:
            try:
                yield
            finally:
                self.touch()

    def _watch(self):
        while True:
            time.sleep(max(0.0, self._last + self._seconds - time.monotonic()))
            with self._lock:
                if self._busy():
                    self.touch()  # and again when the job ends
                elif time.monotonic() - self._last >= self._seconds:
                    return self._end()
