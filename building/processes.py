"""Child processes with a time limit, their output shown as it comes."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HEARTBEAT_S = 10.0
TAIL_LINES = 400
# A grandchild may keep the pipe open after the child is gone; its last lines arrive within this time.
DRAIN_S = 1.0


@dataclass(frozen=True)
class Outcome:
    """How a child ended: ``code`` (negative = signal on POSIX), its last lines, and whether the limit ended it."""

    code: int
    lines: tuple[str, ...]
    seconds: float
    timed_out: bool

    @property
    def ok(self) -> bool:
        return self.code == 0 and not self.timed_out

    def tail(self, count: int = 40) -> str:
        return "\n".join(self.lines[-count:])

    def why(self) -> str:
        """The end in words: "time limit of ...", "ended by signal SIGABRT", "exit code 3"."""
        if self.timed_out:
            return f"stopped at its time limit after {self.seconds:.0f} s"
        if self.code < 0:
            try:
                return f"ended by signal {signal.Signals(-self.code).name}"
            except ValueError:
                return f"ended by signal {-self.code}"
        return f"exit code {self.code}"


def run(
    command: Sequence[str | Path],
    limit_s: float,
    show: Callable[[str], None] | None = None,
    heartbeat: Callable[[float], None] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Outcome:
    """Run ``command`` without a terminal's input; ``show`` gets each line, ``heartbeat`` the seconds when all is quiet.

    After ``limit_s`` seconds the child and all it started are killed. OSError if it cannot be started.
    """
    start = time.monotonic()
    process = subprocess.Popen(
        [str(c) for c in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=None if env is None else dict(env),
        cwd=cwd,
        text=True,
        encoding="utf-8",
        errors="replace",
        # its own group, so that the limit also ends what the child started
        start_new_session=os.name == "posix",
    )
    arrived: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(process.stdout, arrived), daemon=True).start()
    lines: list[str] = []
    timed_out, last_sign, gone_at = False, start, None
    try:
        while True:
            now = time.monotonic()
            if process.poll() is not None and gone_at is None:
                gone_at = now
            if gone_at is None and now - start > limit_s:
                timed_out = True
                _kill(process)
            if gone_at is not None and now - gone_at > DRAIN_S and arrived.empty():
                break
            try:
                line = arrived.get(timeout=0.2)
            except queue.Empty:
                if heartbeat and time.monotonic() - last_sign > HEARTBEAT_S:
                    last_sign = time.monotonic()
                    heartbeat(last_sign - start)
                continue
            if line is None:
                process.wait(timeout=max(1.0, limit_s - (time.monotonic() - start)))
                break
            lines = [*lines[-TAIL_LINES:], line]
            if show:
                last_sign = time.monotonic()
                show(line)
    except subprocess.TimeoutExpired:
        timed_out = True
    finally:
        if process.poll() is None:
            _kill(process)
    return Outcome(process.wait(), tuple(lines), time.monotonic() - start, timed_out)


def _read(pipe, arrived: queue.Queue) -> None:
    for line in pipe:
        arrived.put(line.rstrip("\r\n"))
    arrived.put(None)


def _kill(process: subprocess.Popen) -> None:
    """End the child and its group; a child that is already gone is fine."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except ProcessLookupError:
        return
    process.wait()
