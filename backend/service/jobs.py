"""Jobs: long requests, run one after another in a thread of their own, that can be cancelled while they wait or run."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..systems.base import Cancelled

MAX_WAITING = 16
MAX_STUCK = 3
LONGEST_HEARTBEAT = 900.0  # seconds
PROGRESS_INTERVAL = 0.05  # seconds; a model that reports every token would flood the pipe


class TooManyJobs(ValueError):
    """The queue is full, or earlier cancelled jobs still hold their threads."""


class Job:
    """One request; ``run(job, keep)`` makes its result. Whoever calls ``finish`` first answers it, everybody later
    keeps quiet."""

    def __init__(self, request_id: int | str, run: Callable[[Job, dict], dict], notify: Callable[[str, float], None]):
        self.id, self.run = request_id, run
        self._notify = notify
        self._lock = threading.Lock()
        self._finished = False
        self._cancelled = threading.Event()
        self._told = ("", 0.0)
        self._told_at = 0.0

    def cancel(self):
        self._cancelled.set()

    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def finish(self) -> bool:
        """True for the first caller, who owes the answer."""
        with self._lock:
            first, self._finished = not self._finished, True
            return first

    def tell(self, send: Callable[[], None]):
        """Call ``send`` unless the job is answered: nothing of a job arrives after its answer."""
        with self._lock:
            if not self._finished:
                send()

    def progress(self, stage: str, fraction: float):
        """Tell the client; Cancelled when nobody wants the job any more, which ends loading at the next step."""
        if self.cancelled():
            raise Cancelled
        now = time.monotonic()
        if stage == self._told[0] and fraction < 1.0 and now - self._told_at < PROGRESS_INTERVAL:
            return
        self._told, self._told_at = (stage, min(1.0, max(0.0, float(fraction)))), now
        self.tell(lambda: self._notify(*self._told))

    @contextmanager
    def heartbeat(self, interval: float) -> Iterator[None]:
        """While inside, the last progress is told again every ``interval`` seconds: importing torch can keep a slow
        machine silent for minutes, and the client takes silence for death. Not for ever: what hangs must be seen."""
        done = threading.Event()

        def beat():
            for _ in range(int(LONGEST_HEARTBEAT / interval)):
                if done.wait(interval) or self.cancelled():
                    return
                self.tell(lambda: None if done.is_set() else self._notify(*self._told))

        threading.Thread(target=beat, name="heartbeat", daemon=True).start()
        try:
            yield
        finally:
            done.set()


class Worker:
    """Runs jobs in the order they came.

    ``perform(job, keep)`` does one and never raises; ``keep`` is a dict that lasts as long as the thread (loaded
    systems live there). A job that ignores its cancellation for ``grace`` seconds (a library that hangs) is left alone
    with its thread and its systems, and a new thread takes the jobs that wait.
    """

    def __init__(self, perform: Callable[[Job, dict], None], grace: float = 2.0):
        self._perform, self._grace = perform, grace
        self._queue: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._jobs: dict[int | str, Job] = {}
        self._running: Job | None = None
        self._stuck = 0
        self._thread = self._start()

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        self._thread = thread  # before it runs: the thread compares itself with this
        thread.start()
        return thread

    def knows(self, request_id) -> bool:
        with self._lock:
            return request_id in self._jobs

    def busy(self) -> bool:
        """Whether a job waits or runs; a cancelled one that has not come back is none."""
        with self._lock:
            return bool(self._jobs)

    def submit(self, job: Job) -> bool:
        """Queue a job; True when it has to wait for another one. TooManyJobs when it cannot be taken."""
        with self._lock:
            if len(self._jobs) > MAX_WAITING:
                raise TooManyJobs(f"{MAX_WAITING} requests are waiting already")
            if self._stuck >= MAX_STUCK:
                raise TooManyJobs(f"{self._stuck} cancelled requests have not come back")
            waits = bool(self._jobs)
            self._jobs[job.id] = job
        self._queue.put(job)
        return waits

    def cancel(self, request_id) -> Job | None:
        """Cancel a waiting or running job and return it, None when there is none of that id. Its thread comes back
        later; its id is free at once."""
        with self._lock:
            job = self._jobs.pop(request_id, None)
            if job is None:
                return None
            job.cancel()
            if job is self._running:
                timer = threading.Timer(self._grace, self._leave, [job])
                timer.daemon = True
                timer.start()
        return job

    def cancel_all(self) -> list[Job]:
        with self._lock:
            ids = list(self._jobs)
        return [job for job in map(self.cancel, ids) if job is not None]

    def _leave(self, job: Job):
        with self._lock:
            if self._running is not job:
                return
            self._stuck += 1
            self._running = None
            self._start()

    def _run(self):
        me, keep = threading.current_thread(), {}
        while True:
            job = self._queue.get()
            with self._lock:
                if job.cancelled():
                    continue
                self._running = job
            self._perform(job, keep)
            with self._lock:
                if self._jobs.get(job.id) is job:
                    del self._jobs[job.id]
                if self._thread is not me:  # another thread took over while this one was stuck
                    self._stuck -= 1
                    return
                self._running = None
