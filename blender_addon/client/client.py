"""JSON-RPC with the backend, polled from the main thread: no callback ever comes from another one."""

from __future__ import annotations

import itertools
import queue
import time
from dataclasses import dataclass, field
from pathlib import Path

from ..backend.motion.motion import Motion
from ..backend.protocol import POSEWRIGHT_VERSION, PROTOCOL_VERSION, Progress, RequestError, ServerInfo, Take
from .child import Child, Ended
from .failure import CHANGE_PYTHON, BackendFailure
from .launch import Launch

_AGAIN = "Press Generate again."
_KILL = 9  # SIGKILL, which Windows' signal module lacks


@dataclass(frozen=True)
class Deadlines:
    """Seconds of waiting after which the backend counts as hanging."""

    start: float = 30.0
    """from the start of the process to the answer to ``initialize``"""
    silence: float = 120.0
    """without an answer or progress; the first request imports libraries and loads the model"""
    cancel: float = 2.0
    """from a cancel to its acknowledgement"""
    close: float = 2.0


@dataclass(eq=False)
class Call:
    """One request under way. ``result`` or ``failure`` is set when it is over."""

    id: int
    message: dict
    """as it was sent"""
    heard: float
    """when the backend last said something about it, or was asked, monotonic seconds"""
    untouched: bool = True
    """it was sent once, and the backend has said nothing about it"""
    stage: str = ""
    fraction: float = 0.0
    takes: dict[int, Motion] = field(default_factory=dict)
    result: dict | None = None
    failure: BackendFailure | None = None

    @property
    def over(self) -> bool:
        return self.result is not None or self.failure is not None


class Client:
    """One backend, started when it is needed and again when it has died. Call ``poll`` often."""

    def __init__(self, folder: Path, deadlines: Deadlines = Deadlines()):
        """``folder`` holds the ``backend`` package."""
        self.folder, self.deadlines = folder, deadlines
        self.info: ServerInfo | None = None
        self.failure: BackendFailure | None = None
        """why the last start failed or the child ended"""
        self.resting = False
        """the child ended in good order because it had nothing to do"""
        self._child: Child | None = None
        self._opening: Call | None = None
        self._calls: dict[int, Call] = {}
        self._cancelled: dict[int, float] = {}
        self._ids = itertools.count(1)

    @property
    def ready(self) -> bool:
        return self._child is not None and self.info is not None

    @property
    def idle(self) -> bool:
        """Nothing is awaited: no need to poll."""
        return self._opening is None and not self._calls and not self._cancelled

    def open(self, launch: Launch) -> None:
        """Make sure that this backend runs or starts; BackendFailure when it cannot even be tried."""
        if self._child is not None and (self._child.launch != launch or not self._child.running):
            self.close()
        if self._child is None:
            self.failure, self.resting = None, False
            self._child = Child(launch, self.folder)
            self._opening = self._send("initialize", {"protocol": PROTOCOL_VERSION})

    def request(self, method: str, params: dict) -> Call:
        """Send a request; needs ``ready``."""
        call = self._send(method, params)
        self._calls[call.id] = call
        return call

    def cancel(self, call: Call) -> None:
        """Drop a request: whatever still comes for it is ignored, and a backend that does not let go is killed."""
        if self._calls.pop(call.id, None) is not None and self.ready:
            self._child.send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": call.id}})
            self._cancelled[call.id] = time.monotonic()

    def poll(self) -> None:
        """Take in what has come and look at the clock. Failures are set on the calls; nothing is raised."""
        child = self._child
        while child is not None and child is self._child:
            try:
                message = child.inbox.get_nowait()
            except queue.Empty:
                break
            if isinstance(message, Ended):
                self._ended(message)
            else:
                self._receive(message)
        self._check_deadlines()

    def close(self) -> None:
        """End the backend. Calls still under way fail."""
        if self._child is not None:
            self._child.close(self.deadlines.close)
        self._forget(BackendFailure("The backend was stopped."))

    def _send(self, method: str, params: dict) -> Call:
        key = next(self._ids)
        call = Call(key, {"jsonrpc": "2.0", "id": key, "method": method, "params": params}, time.monotonic())
        self._child.send(call.message)
        return call

    def _receive(self, message: dict) -> None:
        try:
            for part in ("params", "result", "error"):
                if not isinstance(message.get(part) or {}, dict):
                    raise RequestError("junk", f"{part} is not an object", "")
            if "method" in message:
                self._notified(message["method"], message.get("params") or {})
            else:
                self._answered(message)
        except RequestError as error:
            self._fail(BackendFailure(f"The backend's message cannot be read: {error}", error.action or CHANGE_PYTHON))

    def _notified(self, method: str, params: dict) -> None:
        call = self._calls.get(params.get("id"))
        if call is None:
            return  # about a request that was cancelled
        call.heard, call.untouched = time.monotonic(), False
        if method == "$/progress":
            progress = Progress.from_dict(params)
            call.stage, call.fraction = progress.stage, min(max(progress.fraction, 0.0), 1.0)
        elif method == "motion/take":
            take = Take.from_dict(params)
            call.takes[take.index] = take.motion

    def _answered(self, message: dict) -> None:
        key = message.get("id")
        self._cancelled.pop(key, None)
        if self._opening is not None and key == self._opening.id:
            if message.get("error"):
                error = RequestError.from_dict(message["error"])
                self._fail(BackendFailure(str(error), error.action))
                return
            self._opened(ServerInfo.from_dict(message.get("result") or {}))
            return
        call = self._calls.pop(key, None)
        if call is None:
            return
        if message.get("error"):
            error = RequestError.from_dict(message["error"])
            call.failure = BackendFailure(str(error), error.action)
        else:
            call.result = message.get("result") or {}

    def _opened(self, info: ServerInfo) -> None:
        self._opening = None
        if info.version != POSEWRIGHT_VERSION:  # another Blender shares the folder of the add-ons
            text = f"The add-on was changed on disk from version {POSEWRIGHT_VERSION} to {info.version}"
            self._fail(BackendFailure(text, "Restart Blender."))
            return
        if info.protocol != PROTOCOL_VERSION:
            text = f"The backend speaks protocol {info.protocol}, the add-on {PROTOCOL_VERSION}"
            self._fail(BackendFailure(text, "Install the add-on again and restart Blender."))
            return
        self.info = info
        for call in self._calls.values():  # the backend before this one went to rest without having seen them
            call.heard, call.untouched = time.monotonic(), False
            self._child.send(call.message)

    def _check_deadlines(self) -> None:
        now = time.monotonic()
        if self._opening is not None and now - self._opening.heard > self.deadlines.start:
            text = f"The backend did not answer within {self.deadlines.start:g} seconds of its start"
            self._fail(BackendFailure(text, f"{_AGAIN} If that does not help: {CHANGE_PYTHON}"))
        for call in list(self._calls.values()):
            if now - call.heard > self.deadlines.silence:
                text = f"The backend said nothing for {self.deadlines.silence:g} seconds and was stopped"
                self._fail(BackendFailure(text, _AGAIN))
                return
        if any(now - since > self.deadlines.cancel for since in self._cancelled.values()):
            self._fail(BackendFailure("The backend did not stop when asked and was ended."))

    def _ended(self, end: Ended) -> None:
        """A backend that has nothing to do ends in good order; one that did so while it was asked is started again."""
        rests = end.code == 0 and not end.junk and self._opening is None
        if not rests or not all(call.untouched for call in self._calls.values()):
            self._fail(self._why_ended(end))
            return
        launch, missed, self._calls = self._child.launch, self._calls, {}
        self._forget(None)
        self.resting = True
        if missed:
            self._calls = missed
            try:
                self.open(launch)
            except BackendFailure as failure:
                self._fail(failure)

    def _why_ended(self, end: Ended) -> BackendFailure:
        python = self._child.launch.python
        if end.junk:
            text = f"'{python}' sent something that is not a message of the backend: {end.junk!r}"
            return BackendFailure(text, CHANGE_PYTHON)
        last = self._child.last_error()
        said = f": {last}" if last else ""
        if end.code is not None and end.code < 0:  # POSIX: minus the signal; what it last printed says nothing of it
            kill = end.code == -_KILL
            text = "The backend was ended by the system" if kill else "The backend crashed"
            why = ", often because the memory ran out" if kill else ""
            return BackendFailure(f"{text} (signal {-end.code}){why}", _AGAIN)
        code = "" if end.code is None else f" (exit code {end.code})"
        if self._opening is not None and "No module named 'numpy'" in last:
            action = f"Install numpy for it; on Linux that is often the package python3-numpy. Or: {CHANGE_PYTHON}"
            return BackendFailure(f"The Python '{python}' has no numpy", action)
        if self._opening is not None:
            return BackendFailure(f"'{python}' ended without running the backend{code}{said}", CHANGE_PYTHON)
        return BackendFailure(f"The backend ended by itself{code}{said}", _AGAIN)

    def _fail(self, failure: BackendFailure) -> None:
        if self._child is not None:
            self._child.kill()
        self._forget(failure)

    def _forget(self, failure: BackendFailure | None) -> None:
        for call in self._calls.values():
            call.failure = failure
        self._calls, self._cancelled = {}, {}
        self._child, self._opening, self.info, self.failure = None, None, None, failure
