import contextlib
import json
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from backend.service import rpc

ROOT = Path(__file__).resolve().parents[2]
FAKE = Path(__file__).parent / "fake_backend.py"
DEADLINE = 60.0  # seconds; only a failure waits so long, and a busy machine takes its time to import torch


class Backend:
    """A client of a real child process. Every wait has a deadline."""

    def __init__(self, command, log):
        self.log = log
        with open(log, "wb") as stderr:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
            )
        self.inbox = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for message in rpc.messages(self.process.stdout):
            self.inbox.put(message)
        self.inbox.put(None)

    def raw(self, data: bytes):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, **message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.raw(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def generate(self, request_id, text, **more):
        segment = {"text": text}
        self.send(id=request_id, method="motion/generate", params={"segments": [segment], "seconds": 1, **more})

    def cancel(self, request_id):
        self.send(method="$/cancelRequest", params={"id": request_id})

    def receive(self, deadline=DEADLINE):
        """The next message; None when the backend's output has ended."""
        message = self.inbox.get(timeout=deadline)
        assert not isinstance(message, rpc.FramingError), message
        return message

    def until(self, wanted):
        """(the first message for which ``wanted`` is true, the messages before it)."""
        before, end = [], time.monotonic() + DEADLINE
        while True:
            message = self.receive(max(0.01, end - time.monotonic()))
            assert message is not None, f"the backend ended; its log:\n{self.log.read_text()}"
            if wanted(message):
                return message, before
            before.append(message)

    def answer(self, request_id):
        return self.until(lambda m: "method" not in m and m["id"] == request_id)

    def progress(self, request_id, stage):
        return self.until(
            lambda m: (
                m.get("method") == "$/progress" and (m["params"]["id"], m["params"]["stage"]) == (request_id, stage)
            )
        )

    def ended(self) -> int:
        return self.process.wait(timeout=DEADLINE)


@pytest.fixture
def start(tmp_path):
    """Start a backend: the fake one, or the command given."""
    started = []

    def begin(*command):
        command = command or (sys.executable, str(FAKE))
        started.append(Backend(command, tmp_path / f"log{len(started)}"))
        return started[-1]

    yield begin
    for backend in started:
        backend.process.kill()
        backend.process.wait()
        with contextlib.suppress(BrokenPipeError):  # it ended before it read our last message
            backend.process.stdin.close()


@pytest.fixture
def backend(start):
    return start()
