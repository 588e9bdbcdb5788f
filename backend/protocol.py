"""The messages between the add-on and the backend: dataclasses with ``to_dict``/``from_dict`` and one version.

JSON-RPC 2.0. Requests: ``initialize``, ``motion/generate`` (``GenerateRequest`` -> ``GenerateAnswer``; before the
answer one ``motion/take`` notification a take), ``motion/describe``, ``models/list``, ``models/load``, ``shutdown``.
Notifications: ``$/progress`` (``Progress``) from the backend, ``$/cancelRequest`` {"id"} to it.
Every error carries data {"kind", "action"}: what went wrong in one word, and what the animator can click or change.
The add-on imports this file, so it needs the standard library, numpy, ``motion`` and ``wire`` (how values travel).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from fractions import Fraction

import numpy as np

from .motion.motion import KeyPose, Motion
from .motion.skeleton import Skeleton
from .wire import (
    UPDATE,
    RequestError,
    decode_motion,
    decode_rate,
    decode_skeleton,
    encode_motion,
    encode_rate,
    is_number,
    reading,
    shown,
)

PROTOCOL_VERSION = 1
POSEWRIGHT_VERSION = "0.1.0"


@dataclass(frozen=True)
class Limits:
    """What a request may ask for; sent with ``initialize`` so that the panel can hold its fields to it."""

    text: int = 500
    """characters a prompt"""
    min_seconds: float = 0.2
    max_seconds: float = 10.0
    takes: int = 16
    seed: int = 2**31 - 1
    temperature: float = 3.0
    guidance: float = 10.0
    segments: int = 1
    keys: int = 0


LIMITS = Limits()


def _number(value, what: str, low: float, high: float, kind: str, action: str) -> float:
    if not is_number(value) or not low <= value <= high:  # NaN lies nowhere
        raise RequestError(kind, f"{what} must lie between {low:g} and {high:g}, got {shown(value)}", action)
    return float(value)


def _integer(value, what: str, low: int, high: int, kind: str, action: str) -> int:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not low <= value <= high:
        raise RequestError(kind, f"{what} must be a whole number between {low} and {high}, got {shown(value)}", action)
    return int(value)


# --- motion/generate -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Segment:
    """A text with its span in scene frames, ``end`` exclusive; None = until the motion ends."""

    text: str
    start: int = 0
    end: int | None = None

    def __post_init__(self):
        if not isinstance(self.text, str) or not self.text.strip():
            raise RequestError(
                "empty_prompt", "the prompt is empty", 'Type what the character should do, e.g. "a person walks".'
            )
        if len(self.text) > LIMITS.text:
            raise RequestError(
                "prompt_too_long",
                f"the prompt has {len(self.text)} characters, at most {LIMITS.text} are accepted",
                "Shorten the prompt.",
            )
        try:
            self.text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise RequestError(
                "bad_prompt", "the prompt holds broken characters", "Type the prompt anew instead of pasting it."
            ) from error
        with reading("segment"):
            whole = isinstance(self.start, int) and (self.end is None or isinstance(self.end, int))
            if not whole or (self.end is not None and self.end <= self.start):
                raise ValueError(f"frames {shown(self.start)} to {shown(self.end)} are not a span")

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, d: dict) -> Segment:
        with reading("segment"):
            return cls(d["text"], d.get("start", 0), d.get("end"))


@dataclass(frozen=True, eq=False)
class GenerateRequest:
    """What to make. Building one checks every value against ``LIMITS``; RequestError says what to change."""

    segments: tuple[Segment, ...]
    fps: Fraction = Fraction(30)
    """the scene's frame rate; the result has it"""
    seconds: float | None = None
    """length; None = the model chooses"""
    seed: int = 0
    takes: int = 1
    """how many takes to make; the report says which fits the prompt best"""
    skeleton: Skeleton | None = None
    """the character's; None = the canonical one"""
    origin: tuple[float, float] = (0.0, 0.0)
    """where the pelvis of the first frame stands: x, z in metres"""
    heading: float = 0.0
    """where the first frame faces: radians about +Y, 0 = +Z"""
    keys: tuple[KeyPose, ...] = ()
    temperature: float | None = None
    """None = the bundle's own"""
    guidance: float | None = None
    """None = the bundle's own"""
    bundle: str | None = None
    """folder; None = the bundle that comes with Posewright"""

    def __post_init__(self):
        def put(name, value):
            object.__setattr__(self, name, value)

        put("segments", tuple(self.segments))
        put("keys", tuple(self.keys))
        put("fps", decode_rate(self.fps))
        if not self.segments:
            raise RequestError("empty_prompt", "the request holds no text", "Type what the character should do.")
        if self.seconds is not None:
            low, high = LIMITS.min_seconds, LIMITS.max_seconds
            action = f"Set the length between {low:g} and {high:g} seconds."
            put("seconds", _number(self.seconds, "length in seconds", low, high, "bad_seconds", action))
        put("takes", _integer(self.takes, "takes", 1, LIMITS.takes, "bad_takes", f"Ask for 1 to {LIMITS.takes} takes."))
        put("seed", _integer(self.seed, "seed", 0, LIMITS.seed, "bad_seed", f"Set a seed from 0 to {LIMITS.seed}."))
        with reading("origin"):
            x, z = self.origin
            put("origin", tuple(_number(v, "origin", -1e6, 1e6, "bad_request", UPDATE) for v in (x, z)))
        put("heading", _number(self.heading, "heading in radians", -1e6, 1e6, "bad_request", UPDATE))
        for name in ("temperature", "guidance"):
            value, high = getattr(self, name), getattr(LIMITS, name)
            if value is not None:
                put(name, _number(value, name, 0.0, high, f"bad_{name}", f"Set a {name} from 0 to {high:g}."))
        if self.bundle is not None and not (isinstance(self.bundle, str) and 0 < len(self.bundle) <= 4096):
            raise RequestError(
                "bundle", f"bundle must be a folder, got {shown(self.bundle)}", "Name the folder of a bundle."
            )

    @property
    def frames(self) -> int | None:
        """Frames of the result at the scene's rate; None when the model chooses the length."""
        return None if self.seconds is None else max(1, round(Fraction(self.seconds) * self.fps))

    def require_supported(self, limits: Limits = LIMITS):
        """RequestError of kind ``unsupported`` for what the protocol can say and this version cannot do."""
        if len(self.segments) > limits.segments:
            raise RequestError(
                "unsupported",
                f"{len(self.segments)} text segments were given; this version takes {limits.segments}",
                'Join them in one prompt: "a person walks, then waves".',
            )
        if len(self.keys) > limits.keys:
            raise RequestError(
                "unsupported",
                f"{len(self.keys)} key poses were given; this version generates from text alone",
                "Generate without key poses; the keys on the rig stay as they are.",
            )

    def to_dict(self) -> dict:
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        return plain | {
            "segments": [s.to_dict() for s in self.segments],
            "fps": encode_rate(self.fps),
            "skeleton": None if self.skeleton is None else self.skeleton.to_dict(),
            "origin": list(self.origin),
            "keys": [k.to_dict() for k in self.keys],
        }

    @classmethod
    def from_dict(cls, d: dict) -> GenerateRequest:
        with reading("request"):
            values = {f.name: d[f.name] for f in fields(cls) if f.name in d}
            values["segments"] = [Segment.from_dict(s) for s in values["segments"]]
            if values.get("skeleton") is not None:
                values["skeleton"] = decode_skeleton(values["skeleton"])
            with reading("key pose"):
                values["keys"] = [KeyPose.from_dict(k) for k in values.get("keys") or ()]
            return cls(**values)


@dataclass(frozen=True)
class Report:
    """How the takes were made; the panel prints it."""

    bundle: str
    """name and version"""
    system: str
    engine: str
    device: str
    seed: int
    frames: int
    """of the chosen take, at the scene's rate"""
    stage_seconds: dict[str, float] = field(default_factory=dict)
    """stage -> seconds it took, in order"""
    chosen: int = 0
    """index of the take that fits the prompt best"""
    reason: str = ""
    """why that take"""
    scores: tuple[float, ...] = ()
    """one a take, higher is better"""
    unknown_words: tuple[str, ...] = ()
    """words of the prompt that were not understood"""
    foot_slide: float | None = None
    """of the chosen take, mm a frame while a foot is down; None = no contact"""
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict:
        return {
            "bundle": self.bundle,
            "system": self.system,
            "engine": self.engine,
            "device": self.device,
            "seed": int(self.seed),
            "frames": int(self.frames),
            "stage_seconds": {str(k): round(float(v), 4) for k, v in self.stage_seconds.items()},
            "chosen": int(self.chosen),
            "reason": self.reason,
            "scores": [float(s) for s in self.scores],
            "unknown_words": list(self.unknown_words),
            "foot_slide": None if self.foot_slide is None else float(self.foot_slide),
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_dict(cls, d: dict) -> Report:
        with reading("report"):
            known = {f.name: d[f.name] for f in fields(cls) if f.name in d}
            for name in ("scores", "unknown_words", "warnings"):
                known[name] = tuple(known.get(name, ()))
            return cls(**known)


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


ProgressCall = Callable[[str, float], None]
"""(stage, fraction 0..1)"""
CancelledCall = Callable[[], bool]
