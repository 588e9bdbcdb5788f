"""A backend that nobody uses ends by itself, never in the middle of something."""

import contextlib
import os
import queue
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from backend.service import idle
from tests.service.conftest import DEADLINE, FAKE


class Clock:
    """Stands in for ``time``: the test says when it is and when a sleep ends."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        self.sleeps, self._wake = queue.Queue(), queue.Queue()
        monkeypatch.setattr(idle, "time", SimpleNamespace(monotonic=lambda: self.now, sleep=self._sleep))

    def _sleep(self, seconds: float):
        self.sleeps.put(seconds)
        self._wake.get()

    def asked(self) -> float:
        """How long the thread wants to sleep, once it does."""
        return self.sleeps.get(timeout=DEADLINE)

    def wake(self, now: float):
        self.now = now
        self._wake.put(None)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_a_request_begins_the_time_anew(clock):
    ended = threading.Event()
    watch = idle.Idle(10.0, lambda: False, ended.set)
    assert clock.asked() == 10.0
    clock.now = 4.0
    with watch.awake():
        clock.now = 5.0  # reading it took a second
    clock.wake(10.0)
    assert clock.asked() == 5.0 and not ended.is_set()
    clock.wake(15.0)
    assert ended.wait(DEADLINE)


def test_a_job_keeps_it_and_its_end_begins_the_time_anew(clock):
    ended, busy = threading.Event(), True
    watch = idle.Idle(10.0, lambda: busy, ended.set)
    clock.asked()
    clock.wake(10.0)
    assert clock.asked() == 10.0
    clock.now, busy = 12.0, False
    watch.touch()
    clock.wake(20.0)
    assert clock.asked() == 2.0 and not ended.is_set()
    clock.wake(22.0)
    assert ended.wait(DEADLINE)


def test_a_request_that_is_being_read_is_served_first(clock):
    ended = threading.Event()
    watch = idle.Idle(10.0, lambda: False, ended.set)
    clock.asked()
    with watch.awake():
        clock.wake(10.0)
        assert not ended.wait(0.3), "the decision waits for the request"
    assert clock.asked() == 10.0 and not ended.is_set()
    clock.wake(20.0)
    assert ended.wait(DEADLINE)


def test_without_a_limit_nothing_waits(clock):
    watch = idle.Idle(None, lambda: False, lambda: pytest.fail("ended"))
    with watch.awake():
        pass
    assert clock.sleeps.empty() and "idle" not in [thread.name for thread in threading.enumerate()]


# --- real processes ---


def test_ends_with_code_0_and_says_nothing(start):
    backend = start(sys.executable, str(FAKE), "0.3")
    assert backend.ended() == 0 and backend.receive() is None
    assert backend.log.read_text() == ""


def test_does_not_end_while_a_job_runs_or_waits(start):
    backend = start(sys.executable, str(FAKE), "0.3")
    backend.generate(1, "wait")
    backend.generate(2, "wait")
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        assert backend.receive() is not None
    backend.cancel(1)
    backend.answer(1)
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        assert backend.receive() is not None
    backend.cancel(2)
    assert backend.answer(2)[0]["error"]["data"]["kind"] == "cancelled"
    assert backend.ended() == 0


@pytest.mark.parametrize("attempt", range(6))
def test_a_request_at_the_last_moment_is_served_or_not_seen_at_all(start, attempt):
    """The client sends it again when nothing was said about it and the code is 0."""
    idle_s = 0.2
    backend = start(sys.executable, str(FAKE), str(idle_s))
    backend.send(id=0, method="initialize", params={})
    backend.answer(0)
    time.sleep(idle_s - 0.003 + 0.001 * attempt)
    with contextlib.suppress(OSError):  # the pipe is gone already
        backend.generate(1, "walk")
    heard = []
    while (message := backend.receive()) is not None:
        heard.append(message)
    assert backend.ended() == 0
    assert heard == [] or heard[-1]["result"]["takes"] == 1, heard


@pytest.mark.skipif(sys.platform != "linux", reason="reads processor time from /proc")
def test_waiting_takes_no_processor_time(start):
    backend = start(sys.executable, str(FAKE), "60")
    backend.send(id=0, method="initialize", params={})
    backend.answer(0)
    backend.generate(1, "walk")
    backend.answer(1)

    def ticks() -> int:
        fields = Path(f"/proc/{backend.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(1.0)
    assert (ticks() - before) / os.sysconf("SC_CLK_TCK") < 0.1
