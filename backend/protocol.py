"""The messages between the add-on and the backend: dataclasses with ``to_dict``/``from_dict`` and one version.

JSON-RPC 2.0. Requests: ``initialize``, ``motion/generate`` (``GenerateRequest`` -> ``GenerateAnswer``; before the
answer one ``motion/take`` notification a take), ``motion/describe``, ``models/list``, ``models/load``, ``shutdown``.
Notifications: ``$/progress`` (``Progress``) from the backend, ``$/cancelRequest`` {"id"} to it.
Every error carries data {"kind", "action"}: what went wrong in one word, and what the animator can click or change.
The add-on imports this file, so it needs the standard library, numpy and ``motion`` alone.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from fractions import Fraction

import numpy as np

from .motion.motion import KeyPose, Motion, as_rate
from .motion.skeleton import Skeleton

PROTOCOL_VERSION = 1
POSEWRIGHT_VERSION = "0.1.0"

# JSON-RPC's own codes; CANCELLED is the Language Server Protocol's
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603
SERVER_ERROR, CANCELLED = -32000, -32800

ARRAY_TYPES = ("<f4", "<f8", "<f2", "<i2", "<i4", "<i8", "|u1", "|b1")
MAX_ARRAY_BYTES = 32 * 2**20
MAX_JOINTS = 512
MAX_NAME = 128


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


class RequestError(ValueError):
    """A request that cannot be served, in words for the animator. ``kind`` is one word a program can test; ``action``
    says what to click or change."""

    def __init__(self, kind: str, message: str, action: str, code: int = INVALID_PARAMS):
        super().__init__(message)
        self.kind, self.action, self.code = kind, action, code

    def to_dict(self) -> dict:
        """The ``error`` member of a JSON-RPC response."""
        return {"code": self.code, "message": str(self), "data": {"kind": self.kind, "action": self.action}}

    @classmethod
    def from_dict(cls, d: dict) -> RequestError:
        data = d.get("data") or {}
        return cls(
            str(data.get("kind", "internal")),
            str(d.get("message", "the backend gave no reason")),
            str(data.get("action", "")),
            int(d.get("code", INTERNAL_ERROR)),
        )


@contextmanager
def _reading(what: str):
    """Whatever a malformed dict does to the code that reads it becomes one RequestError that names the part."""
    try:
        yield
    except RequestError:
        raise
    except KeyError as error:
        raise RequestError("bad_request", f"{what}: {error.args[0]!r} is missing", _UPDATE) from error
    except (TypeError, ValueError, AttributeError, OverflowError, ZeroDivisionError) as error:
        raise RequestError("bad_request", f"{what}: {error}", _UPDATE) from error


_UPDATE = "Use the add-on and the backend of the same Posewright version."


def _shown(value) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _is_number(value) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _number(value, what: str, low: float, high: float, kind: str, action: str) -> float:
    if not _is_number(value) or not low <= value <= high:  # NaN lies nowhere
        raise RequestError(kind, f"{what} must lie between {low:g} and {high:g}, got {_shown(value)}", action)
    return float(value)


def _integer(value, what: str, low: int, high: int, kind: str, action: str) -> int:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not low <= value <= high:
        raise RequestError(kind, f"{what} must be a whole number between {low} and {high}, got {_shown(value)}", action)
    return int(value)


# --- arrays and motions ----------------------------------------------------------------------------------------------


def encode_array(array) -> dict:
    """An array as {"dtype", "shape", "b64"}, little-endian, C order; ValueError for a dtype that does not travel."""
    array = np.asarray(array)
    little = array.dtype.newbyteorder("<")
    if little.str not in ARRAY_TYPES:
        raise ValueError(f"arrays of {array.dtype} do not travel; accepted: {', '.join(ARRAY_TYPES)}")
    data = np.ascontiguousarray(array, little).tobytes()
    return {"dtype": little.str, "shape": list(array.shape), "b64": base64.b64encode(data).decode("ascii")}


def decode_array(d: dict, max_bytes: int = MAX_ARRAY_BYTES) -> np.ndarray:
    """The array of ``encode_array`` (writable). Its type, shape and byte size are checked before anything is allocated;
    RequestError says which does not fit."""
    with _reading("array"):
        dtype, shape, text = d["dtype"], d["shape"], d["b64"]
        if dtype not in ARRAY_TYPES:
            raise ValueError(f"dtype {_shown(dtype)} is not one of {', '.join(ARRAY_TYPES)}")
        whole = isinstance(shape, list) and len(shape) <= 4 and all(type(n) is int and n >= 0 for n in shape)
        if not whole:
            raise ValueError(f"shape must be up to 4 whole numbers, got {_shown(shape)}")
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size > max_bytes:
            raise ValueError(f"{size} bytes are more than the accepted {max_bytes}")
        if not isinstance(text, str) or len(text) != 4 * math.ceil(size / 3):
            found = len(text) if isinstance(text, str) else type(text).__name__
            raise ValueError(f"shape {shape} of {dtype} needs {4 * math.ceil(size / 3)} characters, got {found}")
        try:
            data = base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError(f"not base64: {error}") from error
        if len(data) != size:
            raise ValueError(f"shape {shape} of {dtype} needs {size} bytes, got {len(data)}")
        return np.frombuffer(data, dtype).reshape(shape).copy()


def encode_rate(fps: Fraction) -> list[int]:
    return [fps.numerator, fps.denominator]


def decode_rate(value) -> Fraction:
    """[num, den], or one number (23.976 means 24000/1001); RequestError of kind ``bad_fps`` otherwise."""
    action = "Set a scene frame rate between 1 and 1000 frames a second."
    pair = isinstance(value, (list, tuple)) and len(value) == 2 and all(_is_number(v) for v in value)
    if not (pair or _is_number(value) or isinstance(value, Fraction)):
        raise RequestError("bad_fps", f"frame rate must be a number or [num, den], got {_shown(value)}", action)
    try:
        return as_rate(value)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise RequestError("bad_fps", f"frame rate {_shown(value)} is not usable: {error}", action) from error


def decode_skeleton(d: dict) -> Skeleton:
    with _reading("skeleton"):
        if not 1 <= len(d["names"]) <= MAX_JOINTS or not all(
            isinstance(n, str) and len(n) <= MAX_NAME for n in d["names"]
        ):
            raise ValueError(f"1 to {MAX_JOINTS} joint names of up to {MAX_NAME} characters are accepted")
        return Skeleton.from_dict(d)


def encode_motion(motion: Motion) -> dict:
    """A Motion with its arrays as float32: 300 frames x 22 joints are 145 KB of text."""
    return {
        "skeleton": motion.skeleton.to_dict(),
        "fps": encode_rate(motion.fps),
        "root": encode_array(motion.root.astype("<f4")),
        "rotations": encode_array(motion.rotations.astype("<f4")),
        "contacts": encode_array(motion.contacts),
    }


def decode_motion(d: dict) -> Motion:
    """The Motion of ``encode_motion``; RequestError says which part does not fit."""
    with _reading("motion"):
        contacts = d.get("contacts")
        return Motion(
            decode_skeleton(d["skeleton"]),
            decode_array(d["root"]),
            decode_array(d["rotations"]),
            decode_rate(d["fps"]),
            None if contacts is None else decode_array(contacts),
        )


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
        with _reading("segment"):
            whole = isinstance(self.start, int) and (self.end is None or isinstance(self.end, int))
            if not whole or (self.end is not None and self.end <= self.start):
                raise ValueError(f"frames {_shown(self.start)} to {_shown(self.end)} are not a span")

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, d: dict) -> Segment:
        with _reading("segment"):
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
        with _reading("origin"):
            x, z = self.origin
            put("origin", tuple(_number(v, "origin", -1e6, 1e6, "bad_request", _UPDATE) for v in (x, z)))
        put("heading", _number(self.heading, "heading in radians", -1e6, 1e6, "bad_request", _UPDATE))
        for name in ("temperature", "guidance"):
            value, high = getattr(self, name), getattr(LIMITS, name)
            if value is not None:
                put(name, _number(value, name, 0.0, high, f"bad_{name}", f"Set a {name} from 0 to {high:g}."))
        if self.bundle is not None and not (isinstance(self.bundle, str) and 0 < len(self.bundle) <= 4096):
            raise RequestError("bundle", f"bundle must be a folder, got {_shown(self.bundle)}", "Choose a folder.")

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
        with _reading("request"):
            values = {f.name: d[f.name] for f in fields(cls) if f.name in d}
            values["segments"] = [Segment.from_dict(s) for s in values["segments"]]
            if values.get("skeleton") is not None:
                values["skeleton"] = decode_skeleton(values["skeleton"])
            with _reading("key pose"):
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
        with _reading("report"):
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
        with _reading("take"):
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
        with _reading("answer"):
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
        with _reading("progress"):
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
    limits: Limits = LIMITS

    def to_dict(self) -> dict:
        plain = asdict(self)
        return plain | {k: list(v) for k, v in plain.items() if isinstance(v, tuple)}

    @classmethod
    def from_dict(cls, d: dict) -> ServerInfo:
        with _reading("initialize"):
            known = {f.name: d[f.name] for f in fields(cls) if f.name in d}
            known = {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}
            limits = {f.name: d["limits"][f.name] for f in fields(Limits) if f.name in d.get("limits", {})}
            return cls(**(known | {"limits": Limits(**limits)}))


ProgressCall = Callable[[str, float], None]
"""(stage, fraction 0..1)"""
CancelledCall = Callable[[], bool]
