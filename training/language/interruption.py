"""Ctrl-C and the end of a job (SIGTERM) as a wish that the run fulfils after its step. A second Ctrl-C ends it at
once."""

from __future__ import annotations

import signal
import threading

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """While it lasts, ``asked`` says whether the process was told to end. Outside of the main thread, where no signal
    arrives, it never is."""

    def __init__(self):
        self.asked = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._take) for number in _SIGNALS}
        return self

    def __exit__(self, *_) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, frame: object) -> None:
        self.asked = True
        signal.signal(number, self._before[number])
