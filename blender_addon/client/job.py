"""One piece of work for the backend: start, poll until it is over, cancel at any time."""

from __future__ import annotations

from .client import Call, Client
from .failure import BackendFailure
from .launch import Launch


class Job:
    """``state`` goes from "starting" over "running" to "done", "failed" (see ``failure``) or "cancelled"."""

    def __init__(self, client: Client, launch: Launch, method: str | None = None, params: dict | None = None):
        """Without a ``method`` the job is done as soon as the backend has introduced itself."""
        self.state = "idle"
        self.failure: BackendFailure | None = None
        self._client, self._launch, self._method, self._params = client, launch, method, params
        self._call: Call | None = None

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "cancelled")

    @property
    def stage(self) -> str:
        if self.state == "starting":
            return "starting the backend"
        return (self._call.stage if self._call is not None else "") or "waiting for the backend"

    @property
    def fraction(self) -> float:
        return self._call.fraction if self._call is not None else 0.0

    @property
    def takes(self) -> list:
        """The Motions that came, in order of their index."""
        return [self._call.takes[i] for i in sorted(self._call.takes)] if self._call is not None else []

    @property
    def result(self) -> dict | None:
        return self._call.result if self._call is not None else None

    def start(self) -> None:
        self.state = "starting"
        try:
            self._client.open(self._launch)
        except BackendFailure as failure:
            self._fail(failure)

    def poll(self) -> None:
        """Move on as far as possible without waiting."""
        self._client.poll()
        if self.state == "starting":
            if self._client.ready:
                self._begin()
            elif self._client.failure is not None:
                self._fail(self._client.failure)
            elif self._client.resting:  # it went to rest between our look at it and its answer
                self.start()
        elif self.state == "running" and self._call.over:
            if self._call.failure is not None:
                self._fail(self._call.failure)
            else:
                self.state = "done"

    def cancel(self) -> None:
        if self.over:
            return
        if self._call is not None:
            self._client.cancel(self._call)
        self.state = "cancelled"

    def _begin(self) -> None:
        if self._method is None:
            self.state = "done"
            return
        self._call = self._client.request(self._method, self._params or {})
        self.state = "running"

    def _fail(self, failure: BackendFailure) -> None:
        self.state, self.failure = "failed", failure
