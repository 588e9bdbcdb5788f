"""The backend as the add-on starts it: a child process without bytecode of its own, JSON-RPC over its pipes."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType

from backend.protocol import RequestError, Take
from backend.service import rpc

SOURCE = Path(__file__).resolve().parent.parent / "backend"
STRIPPED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONPYCACHEPREFIX")
CLOSING = 5.0


class ChildFailed(RuntimeError):
    """The child ended, hung, or refused a request; the text says which and shows its last words."""


def unpacked(folder: Path) -> Path:
    """Copy ``backend`` into ``folder`` as an installed zip has it: its own sources are compiled at every start."""
    shutil.copytree(SOURCE, folder / "backend", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


class Backend:
    """A running child, started with the options that the add-on gives. ``pid`` is that of the server process."""

    def __init__(
        self, folder: Path, python: str, engine: str = "auto", threads: int | None = None, deadline: float = 180.0
    ):
        """``folder`` holds the package ``backend``; ``threads`` None leaves them to the backend. A request that takes
        longer than ``deadline`` seconds fails."""
        self._deadline, self._next = deadline, 0
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the child)
        kept = {name: value for name, value in os.environ.items() if name not in STRIPPED}
        command = [python, "-m", "backend", "serve", "--idle", "600", "--engine", engine]
        command += ["--remember", str(folder / "checked_bundles.json")]
        self._process = subprocess.Popen(
            command if threads is None else [*command, "--threads", str(threads)],
            cwd=folder,
            env=kept | {"PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self.pid = self._process.pid
        self._sender = rpc.Sender(self._process.stdin)
        self._messages = rpc.messages(self._process.stdout)

    def request(self, method: str, params: dict) -> tuple[dict, list[Take]]:
        """The answer and the takes that came before it; ChildFailed for everything else."""
        self._next += 1
        takes: list[Take] = []
        watchdog = threading.Timer(self._deadline, self._process.kill)
        watchdog.start()
        try:
            self._sender.send({"id": self._next, "method": method, "params": params})
            for message in self._messages:
                if isinstance(message, rpc.FramingError):
                    raise ChildFailed(f"{method}: {message}")
                if message.get("method") == "motion/take":
                    takes.append(Take.from_dict(message["params"]))
                elif message.get("id") == self._next:
                    if message.get("error"):
                        error = RequestError.from_dict(message["error"])
                        raise ChildFailed(f"{method}: {error} {error.action}")
                    return message["result"], takes
        finally:
            watchdog.cancel()
        raise ChildFailed(f"{method}: the backend ended or was silent for {self._deadline:g} s\n{self._last_words()}")

    def _last_words(self) -> str:
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")[-2000:]

    def __enter__(self) -> Backend:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):  # it may be dead already
            self._process.stdin.close()
        try:
            self._process.wait(CLOSING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(CLOSING)
        self._process.stdout.close()
        self._log.close()
