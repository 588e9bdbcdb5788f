"""The server: reads requests, answers the quick ones at once and gives the long ones to the worker."""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, NoReturn

from .. import bundles, engines, protocol
from ..engines import Choice, EngineError
from ..systems.base import Cancelled
from ..wire import (
    CANCELLED,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    SERVER_ERROR,
    UPDATE,
    RequestError,
)
from . import parent, rpc
from .describing import describe
from .idle import Idle
from .jobs import Job, TooManyJobs, Worker
from .loading import LOADING, bundle_folder, part

MAX_ID = 128
HEARTBEAT = 4.0  # seconds between signs of life while a model loads

RESTART = "Press Generate again; if it goes on, restart Blender. The console has the details."
OTHER_ENGINE = (
    "Preferences > Add-ons > Posewright: choose a Python with torch as Backend Python; what numpy can run needs none, "
    "with Engine on Automatic."
)
LESS = "Ask for fewer takes or a shorter motion, or close other programs."


class Server:
    """Serves one client until it says ``shutdown`` or its pipe closes.

    ``load_system(folder, progress)`` returns a System; its progress call raises when the job was cancelled.
    ``choose(bundle)`` tells which engine it would take. ``end`` is called when nobody reads our answers any more, and
    after ``idle`` seconds (None: never) without a request or a job.
    """

    def __init__(
        self,
        read: BinaryIO,
        write: BinaryIO,
        load_system: Callable,
        choose: Callable[[bundles.Bundle], Choice] = engines.choose,
        end: Callable[[], None] = lambda: None,
        idle: float | None = None,
        grace: float = 2.0,
        heartbeat: float = HEARTBEAT,
    ):
        self._read = read
        self._sender = rpc.Sender(write, end)
        self._load_system, self._choose, self._heartbeat = load_system, choose, heartbeat
        self._worker = Worker(self._perform, grace)
        self._idle = Idle(idle, self._worker.busy, end)
        self._quick = {"initialize": self._initialize, "models/list": self._list}
        self._long = {"motion/generate": self._generate, "motion/describe": self._describe, "models/load": self._load}

    def run(self):
        """Returns when the client is gone or has said ``shutdown``; jobs that still run are cancelled."""
        for message in rpc.messages(self._read):
            with self._idle.awake():
                if isinstance(message, rpc.FramingError):
                    self._fail(None, RequestError("junk", f"not a message: {message}", RESTART, PARSE_ERROR))
                elif self._dispatch(message):
                    return
        self._worker.cancel_all()

    def _dispatch(self, message: dict) -> bool:
        """True when the message ends the conversation."""
        request_id, method, params = message.get("id"), message.get("method"), message.get("params", {})
        valid_id = _is_id(request_id)
        try:
            if message.get("jsonrpc") != "2.0" or not isinstance(method, str) or ("id" in message and not valid_id):
                raise RequestError("junk", "not a JSON-RPC 2.0 request", RESTART, INVALID_REQUEST)
            if not isinstance(params, dict):
                raise RequestError("bad_request", f"params of {method} must be an object", RESTART)
            if "id" not in message:
                self._notified(method, params)
            elif method == "shutdown":
                self._cancelled(self._worker.cancel_all())
                self._sender.answer(request_id, None)
                return True
            elif method in self._quick:
                self._sender.answer(request_id, self._quick[method](params))
            elif method in self._long:
                self._queue(request_id, self._long[method](params))
            else:
                known = ", ".join([*self._quick, *self._long, "shutdown"])
                raise RequestError(
                    "bad_request",
                    f"unknown method {method[:60]!r}; known: {known}",
                    UPDATE,
                    METHOD_NOT_FOUND,
                )
        except Exception as error:  # one bad request must not end the conversation
            self._fail(request_id if valid_id else None, error)
        return False

    def _notified(self, method: str, params: dict):
        if method == "$/cancelRequest":
            request_id = params.get("id")
            if _is_id(request_id):
                job = self._worker.cancel(request_id)
                self._cancelled([job] if job else [])
        # a notification has no answer, not even when it is unknown

    def _cancelled(self, jobs: list[Job]):
        for job in jobs:
            if job.finish():
                self._fail(job.id, _cancellation())

    def _queue(self, request_id, run: Callable[[Job, dict], dict]):
        if self._worker.knows(request_id):
            raise RequestError("bad_request", f"request {request_id!r} is in work already", RESTART)

        def notify(stage: str, fraction: float):
            self._sender.notify("$/progress", protocol.Progress(request_id, stage, fraction).to_dict())

        job = Job(request_id, run, notify)
        try:
            if self._worker.submit(job):
                job.progress("Waiting for the request before", 0.0)
        except TooManyJobs as error:
            action = "Wait for the others or cancel them; if they do not end, restart Blender."
            raise RequestError("busy", str(error), action, SERVER_ERROR) from error

    def _perform(self, job: Job, keep: dict):
        """In the worker's thread: run the job and answer it, unless it was cancelled meanwhile."""
        try:
            result = job.run(job, keep)
            if job.finish():
                if job.cancelled():  # just now, and who asked for it has not come to answer yet
                    self._fail(job.id, _cancellation())
                else:
                    self._answer(job, result)
        except (Exception, SystemExit) as error:  # the thread must live on whatever a library raises
            if not job.cancelled() and job.finish():
                self._fail(job.id, error)
        self._idle.touch()

    def _answer(self, job: Job, result: dict):
        try:
            self._sender.answer(job.id, result)
        except (TypeError, ValueError) as error:  # a result that is not JSON
            self._fail(job.id, error)

    def _fail(self, request_id, error: BaseException):
        self._sender.fail(request_id, as_request_error(error).to_dict())

    # --- methods: the quick ones answer, the long ones check their parameters and return the job's function ---

    def _initialize(self, params: dict) -> dict:
        default = bundles.default_bundle_path()
        listings = bundles.available([bundles.weights_folder()])
        usable = [listing.bundle for listing in listings if listing.bundle]
        bundle = next((b for b in usable if b.path == default), None)
        if bundle is None:
            problem = next(
                (listing.problem for listing in listings if listing.path == default), "the bundle is missing"
            )
            engine, why = "", f"{problem}. Reinstall the add-on."
        else:
            engine, why = self._engine(bundle)
        return protocol.ServerInfo(
            protocol=protocol.PROTOCOL_VERSION,
            version=protocol.POSEWRIGHT_VERSION,
            python=platform.python_version(),
            pid=os.getpid(),
            methods=(*self._quick, *self._long, "shutdown"),
            systems=tuple(sorted({b.system for b in usable})),
            tasks=tuple(sorted({task for b in usable for task in b.tasks})),
            engines=engines.usable(),
            default_bundle=None if bundle is None else bundle.title,
            engine=engine,
            engine_why=why,
        ).to_dict()

    def _engine(self, bundle: bundles.Bundle) -> tuple[str, str]:
        """The engine that it will run on and why, or "" and why there is none."""
        try:
            choice = self._choose(bundle)
        except EngineError as error:
            return "", f"{error}. {OTHER_ENGINE}"
        except bundles.BundleError as error:
            return "", str(error)
        return choice.name, choice.why

    def _list(self, params: dict) -> dict:
        folders = params.get("folders", [])
        if not isinstance(folders, list) or len(folders) > 100 or not all(isinstance(f, str) and f for f in folders):
            raise RequestError("bad_request", "folders must be a list of folders", "Name folders that hold bundles.")
        return {"bundles": [describe_listing(x) for x in bundles.available([bundles.weights_folder(), *folders])]}

    def _generate(self, params: dict):
        request = protocol.GenerateRequest.from_dict(params)
        request.require_supported()
        return partial(self._run_generate, request)

    def _run_generate(self, request: protocol.GenerateRequest, job: Job, keep: dict) -> dict:
        loads = bundle_folder(request.bundle) not in keep
        system = self._system(request.bundle, job, keep, part(job.progress, 0.0, LOADING))
        progress = part(job.progress, LOADING, 1.0) if loads else job.progress
        motions, report = system.generate(request, progress, job.cancelled)
        for index, motion in enumerate(motions):
            take = protocol.Take(job.id, index, motion).to_dict()
            job.tell(partial(self._sender.notify, "motion/take", take))
        return protocol.GenerateAnswer(len(motions), report).to_dict()

    def _describe(self, params: dict):
        return partial(self._run_describe, protocol.DescribeRequest.from_dict(params))

    def _run_describe(self, request: protocol.DescribeRequest, job: Job, keep: dict) -> dict:
        answer = {"captions": [], "warnings": [], **describe(request.motion)}
        if request.captions:
            loads = bundle_folder(request.bundle) not in keep
            system = self._system(request.bundle, job, keep, part(job.progress, 0.0, LOADING))
            progress = part(job.progress, LOADING, 1.0) if loads else job.progress
            answer["captions"], answer["warnings"] = system.describe(request, progress, job.cancelled)
        return answer

    def _load(self, params: dict):
        bundle = params.get("bundle")
        if bundle is not None and not (isinstance(bundle, str) and 0 < len(bundle) <= 4096):
            raise RequestError("bundle", "bundle must be a folder", "Name the folder of a bundle.")

        def run(job: Job, keep: dict) -> dict:
            start = time.monotonic()
            self._system(bundle, job, keep, job.progress)
            return {"folder": str(bundle_folder(bundle)), "seconds": round(time.monotonic() - start, 3)}

        return run

    def _system(self, bundle: str | None, job: Job, keep: dict, progress: protocol.ProgressCall):
        folder: Path = bundle_folder(bundle)
        if folder not in keep:
            keep.clear()  # before the next one is loaded: two big models do not fit into one memory
            try:
                with job.heartbeat(self._heartbeat):
                    keep[folder] = self._load_system(folder, progress)
            except bundles.BundleError as error:
                action = "Reinstall the add-on." if bundle is None else "Use another bundle."
                raise RequestError("bundle", str(error), action, SERVER_ERROR) from error
        return keep[folder]


def describe_listing(listing: bundles.Listing) -> dict:
    """What ``models/list`` and the command line say of a bundle."""
    bundle = listing.bundle
    if bundle is None:
        return {"folder": str(listing.path), "problem": listing.problem}
    return {
        "folder": str(bundle.path),
        "title": bundle.title,
        "system": bundle.system,
        "tasks": list(bundle.tasks),
        "engines": list(bundle.engines),
        "licence": bundle.licence,
        "acknowledgement": bundle.acknowledgement,
        "bytes": sum(f.bytes for f in bundle.files.values()),
        "problem": "",
    }


def _is_id(value) -> bool:
    """Whether a request may be called so."""
    return type(value) is int or (type(value) is str and len(value) <= MAX_ID)


def _cancellation() -> RequestError:
    return RequestError("cancelled", "cancelled", "", CANCELLED)


def as_request_error(error: BaseException) -> RequestError:
    """Any exception in words for the animator; those that nobody foresaw leave their traceback in the log, stderr."""
    if isinstance(error, RequestError):
        return error
    if isinstance(error, Cancelled):
        return _cancellation()
    if isinstance(error, engines.OutOfMemory):
        return RequestError("memory", str(error), LESS, SERVER_ERROR)
    if isinstance(error, EngineError):
        return RequestError("engine", str(error), OTHER_ENGINE, SERVER_ERROR)
    traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, ImportError):
        return RequestError(
            "engine",
            f"the backend's Python cannot import {error.name or 'a package'}",
            OTHER_ENGINE,
            SERVER_ERROR,
        )
    if isinstance(error, MemoryError):
        return RequestError("memory", "the backend ran out of memory", LESS, SERVER_ERROR)
    text = " ".join(str(error).split())[:200]
    return RequestError("internal", f"the backend failed: {type(error).__name__}: {text}", RESTART, INTERNAL_ERROR)


def serve(
    owned: tuple[int, int],
    load_system: Callable,
    choose: Callable[[bundles.Bundle], Choice] = engines.choose,
    parent_pid: int | None = None,
    idle: float | None = None,
    grace: float = 2.0,
    heartbeat: float = HEARTBEAT,
) -> NoReturn:
    """Serve on the file descriptors of ``streams.claim``; ends the process when the client or our parent is gone, or
    with nothing to do for ``idle`` seconds. The rest is as for ``Server``."""
    end = partial(os._exit, 0)  # at once: a library's thread may hang, and ours are only daemons
    parent.watch(end, parent_pid)
    read, write = os.fdopen(owned[0], "rb"), os.fdopen(owned[1], "wb")
    try:
        Server(read, write, load_system, choose, end, idle, grace, heartbeat).run()
    except KeyboardInterrupt:  # Ctrl+C in the terminal that Blender was started from
        pass
    except BaseException as error:
        traceback.print_exception(error, file=sys.stderr)
        os._exit(1)
    end()
