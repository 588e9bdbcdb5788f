"""The backend as a child process: its pipes, its threads, its end."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import framing
from .failure import CHANGE_PYTHON, BackendFailure
from .launch import Launch

# Blender sets some variables of these names for its own Python; another Python that inherits them finds the wrong
# library, and what else they may say is meant for other programs
_STRIPPED = ("PYTHON", "__PYVENV_LAUNCHER__", "NPY_")
# the line of a traceback, or of a dying interpreter, that says what happened
_COMPLAINT = re.compile(r"[\w.]*(Error|Exception|Interrupt|Exit)\b.*|Fatal Python error.*")


@dataclass(frozen=True)
class Ended:
    """What the inbox holds last: the child's exit code (None: still running) and what it sent instead of a message."""

    code: int | None
    junk: str = ""


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """``base`` without what belongs to Blender's Python; the child must not write into the add-on's folder either."""
    kept = {k: v for k, v in base.items() if not k.upper().startswith(_STRIPPED)}
    return kept | {"PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


class Child:
    """A running backend. ``inbox`` yields message dicts and, at the end, one ``Ended``; ``send`` never blocks."""

    def __init__(self, launch: Launch, folder: Path):
        """``folder`` holds the ``backend`` package; BackendFailure when the Python cannot be started at all."""
        if not (folder / "backend").is_dir():  # another Blender that shares the folder of the add-ons removed it
            raise BackendFailure(
                f"The add-on's folder '{folder}' is gone", "Install Posewright again and restart Blender."
            )
        self.launch = launch
        self.inbox: queue.SimpleQueue[dict | Ended] = queue.SimpleQueue()
        self.errors: deque[str] = deque(maxlen=60)
        self._outbox: queue.SimpleQueue[dict | None] = queue.SimpleQueue()
        try:
            self._process = subprocess.Popen(
                launch.command(),
                cwd=folder,
                env=environment(os.environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise BackendFailure(
                f"'{launch.python}' cannot be started ({error.strerror or error})", CHANGE_PYTHON
            ) from error
        self._stderr = self._thread(self._read_errors)
        self._thread(self._read_messages)
        self._thread(self._write_messages)

    def _thread(self, target) -> threading.Thread:
        thread = threading.Thread(target=target, name=f"posewright {target.__name__}", daemon=True)
        thread.start()
        return thread

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def send(self, message: dict) -> None:
        self._outbox.put(message)

    def last_error(self) -> str:
        """What the child last complained of on standard error: the exception's line, or else the last line."""
        lines = [line for line in self.errors if line.strip()]
        complaints = [line for line in lines if _COMPLAINT.match(line)]
        return (complaints or lines or [""])[-1].strip()[:300]

    def kill(self) -> None:
        self._process.kill()
        self._outbox.put(None)

    def close(self, seconds: float) -> None:
        """End it: close the pipe, wait ``seconds``, then kill."""
        self._outbox.put(None)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(seconds)

    def _read_errors(self) -> None:
        for line in self._process.stderr:
            self.errors.append(line.decode("utf-8", "replace").rstrip())
        self._process.stderr.close()

    def _read_messages(self) -> None:
        junk = ""
        try:
            while (message := framing.read(self._process.stdout)) is not None:
                self.inbox.put(message)
        except framing.NotAMessage as error:
            junk = str(error)
            self._process.kill()
        code = None
        try:
            code = self._process.wait(2.0)
            self._stderr.join(1.0)
        except subprocess.TimeoutExpired:
            pass  # it closed the pipe and lives on: the client kills it
        self._process.stdout.close()
        self.inbox.put(Ended(code, junk))

    def _write_messages(self) -> None:
        try:
            while (message := self._outbox.get()) is not None:
                framing.write(self._process.stdin, message)
        except OSError:
            pass  # the pipe broke: the reader sees the end and says so
        with contextlib.suppress(OSError):
            self._process.stdin.close()
