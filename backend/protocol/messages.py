"""The answers and notifications of the backend."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from ..motion.motion import Motion
from ..wire import decode_motion, encode_motion, reading
from .limits import LIMITS, Limits
from .report import Report


@dataclass(frozen=True, eq=False)
class Take:
    """A ``motion/take`` notification: take ``index`` of request ``id``."""

    id: int | str
    index: int
    motion: Motion

    def to_dict(self) -> dict:
        return {"id": self.id, "index": self.index, "motion": encode_motion(self.motion)}

    @classmethod
    def from_dict(cls, d: dict) -> Take:
        with reading("take"):
            return cls(d["id"], int(d["index"]), decode_motion(d["motion"]))


@dataclass(frozen=True)
class GenerateAnswer:
    """The answer to ``motion/generate``: every one of ``takes`` has already arrived as a ``Take``."""

    takes: int
    report: Report

    def to_dict(self) -> dict:
        return {"takes": self.takes, "report": self.report.to_dict()}

    @classmethod
    def from_dict(cls, d: dict) -> GenerateAnswer:
        with reading("answer"):
            return cls(int(d["takes"]), Report.from_dict(d["report"]))


@dataclass(frozen=True)
class Progress:
    """A ``$/progress`` notification: request ``id`` is in ``stage``, ``fraction`` (0..1) of the whole done."""

    id: int | str
    stage: str
    fraction: float

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, d: dict) -> Progress:
        with reading("progress"):
            return cls(d["id"], str(d["stage"]), float(d["fraction"]))


@dataclass(frozen=True)
class ServerInfo:
    """The answer to ``initialize``, given at once, before anything heavy is imported."""

    protocol: int
    version: str
    """of Posewright"""
    python: str
    pid: int
    methods: tuple[str, ...]
    systems: tuple[str, ...]
    tasks: tuple[str, ...]
    engines: tuple[str, ...]
    """engines that can be used here, best first"""
    default_bundle: str | None
    """None = the bundle that comes with Posewright is missing"""
    engine: str = ""
    """the one that the default bundle runs on with the options of this backend; "" = none can"""
    engine_why: str = ""
    """why that one, or why none, in a few words"""
    limits: Limits = LIMITS

    def to_dict(self) -> dict:
        plain = asdict(self)
        return plain | {k: list(v) for k, v in plain.items() if isinstance(v, tuple)}

    @classmethod
    def from_dict(cls, d: dict) -> ServerInfo:
        with reading("initialize"):
            known = {f.name: d[f.name] for f in fields(cls) if f.name in d}
            known = {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}
            limits = {f.name: d["limits"][f.name] for f in fields(Limits) if f.name in d.get("limits", {})}
            return cls(**(known | {"limits": Limits(**limits)}))
