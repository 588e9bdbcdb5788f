"""``GenerateRequest``: what is asked of ``motion/generate``."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from fractions import Fraction

from ..motion.limbs import LimbCorrection
from ..motion.motion import KeyPose
from ..motion.skeleton import Skeleton
from ..wire import UPDATE, RequestError, decode_rate, decode_skeleton, encode_rate, reading, shown
from . import limits
from .context import Context
from .keys import check_keys
from .limits import LIMITS, Limits

__all__ = ["Context", "GenerateRequest", "Segment"]


@dataclass(frozen=True)
class Segment:
    """A text with its span in scene frames, ``end`` exclusive: the length of what is made. None = until the motion
    ends."""

    text: str
    start: int = 0
    end: int | None = None

    def __post_init__(self):
        if not isinstance(self.text, str):
            raise RequestError("empty_prompt", f"the prompt must be text, got {shown(self.text)}", _TYPE)
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
            whole = type(self.start) is int and type(self.end) in (int, type(None))
            if not whole or (self.end is not None and self.end <= self.start):
                raise ValueError(f"frames {shown(self.start)} to {shown(self.end)} are not a span")

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, d: dict) -> Segment:
        with reading("segment"):
            return cls(d["text"], d.get("start", 0), d.get("end"))


_TYPE = 'Type what the character should do, e.g. "a person walks".'


@dataclass(frozen=True, eq=False)
class GenerateRequest:
    """What to make. Building one checks every value against ``LIMITS``; RequestError says what to change.

    Key poses or motions around what is wanted may stand for a text."""

    segments: tuple[Segment, ...] = ()
    fps: Fraction = Fraction(30)
    """the scene's frame rate; the result has it"""
    seconds: float | None = None
    """length of what is made; None = the model chooses"""
    seed: int = 0
    takes: int = 1
    """how many takes to make; the report says which fits the prompt best"""
    skeleton: Skeleton | None = None
    """the character's; None = the canonical one, or that of the motions in ``context``"""
    correction: LimbCorrection = LimbCorrection()
    """how far its feet and hands are drawn to where the model's are"""
    origin: tuple[float, float] = (0.0, 0.0)
    """where the pelvis of the first frame stands: x, z in metres"""
    heading: float = 0.0
    """where the first frame faces: radians about +Y, 0 = +Z"""
    keys: tuple[KeyPose, ...] = ()
    """poses on the way, at frames of the scene"""
    timed: bool = True
    """whether the keys' frames say when they come; else only their order counts"""
    context: Context | None = None
    """motions that what is made continues or leads into; place and heading follow them"""
    task: str = ""
    """what the model is asked for; "" = what fits keys and context"""
    temperature: float | None = None
    """None = the bundle's own; the same for the next three"""
    top_k: int | None = None
    top_p: float | None = None
    guidance: float | None = None
    bundle: str | None = None
    """folder; None = the bundle that comes with Posewright"""

    def __post_init__(self):
        def put(name, value):
            object.__setattr__(self, name, value)

        put("segments", tuple(self.segments))
        put("fps", decode_rate(self.fps))
        if not self.text.strip() and not self.keys and self.context is None:
            raise RequestError("empty_prompt", "the prompt is empty", _TYPE)
        put("seconds", self._length())
        action = f"Ask for 1 to {LIMITS.takes} takes."
        put("takes", limits.integer(self.takes, "takes", 1, LIMITS.takes, "bad_takes", action))
        put("seed", limits.seed(self.seed))
        put("correction", limits.correction(self.correction))
        with reading("origin"):
            x, z = self.origin
            put("origin", tuple(limits.number(v, "origin", -1e6, 1e6, "bad_request", UPDATE) for v in (x, z)))
        put("heading", limits.number(self.heading, "heading in radians", -1e6, 1e6, "bad_request", UPDATE))
        with reading("timed"):
            if not isinstance(self.timed, bool):
                raise ValueError(f"must be true or false, got {shown(self.timed)}")
        put("keys", check_keys(self.keys, self.timed, self.start, self.frames, self.fps))
        if self.context is not None:
            self.context.require(self.fps, self.skeleton)
        if not isinstance(self.task, str) or len(self.task) > 40:
            raise RequestError("task", f"task must be a name, got {shown(self.task)}", "Leave the task out.")
        for name, value in limits.sampling(self.temperature, self.top_k, self.top_p, self.guidance).items():
            put(name, value)
        limits.bundle(self.bundle)

    def _length(self) -> float | None:
        """``seconds``, or those of the span of the only text; RequestError where both are given and differ."""
        low, high = LIMITS.min_seconds, LIMITS.max_seconds
        action = f"Set the length between {low:g} and {high:g} seconds."
        lengths = [
            limits.number(value, "length in seconds", low, high, "bad_seconds", action)
            for value in (self.seconds, self._spanned())
            if value is not None
        ]
        if not lengths:
            return None
        if abs(lengths[0] - lengths[-1]) * self.fps > 1:
            raise RequestError(
                "bad_seconds",
                f"the prompt spans {lengths[1]:g} seconds, {lengths[0]:g} seconds were asked for",
                "Give the prompt's end or the length, not both.",
            )
        return lengths[0]

    def _spanned(self) -> float | None:
        """Seconds between start and end of the only text."""
        if len(self.segments) != 1 or self.segments[0].end is None:
            return None
        with reading("segment"):
            return float((self.segments[0].end - self.start) / self.fps)

    @property
    def text(self) -> str:
        """Of the first segment; "" where there is none."""
        return self.segments[0].text if self.segments else ""

    @property
    def start(self) -> int:
        """The scene's frame that the first new one is."""
        return self.segments[0].start if self.segments else 0

    @property
    def frames(self) -> int | None:
        """New frames at the scene's rate; None when the model chooses the length."""
        return None if self.seconds is None else max(1, round(Fraction(self.seconds) * self.fps))

    def require_supported(self, limits: Limits = LIMITS):
        """RequestError of kind ``unsupported`` for what the protocol can say and this version cannot do."""
        if len(self.segments) > limits.segments:
            raise RequestError(
                "unsupported",
                f"{len(self.segments)} text segments were given; this version takes {limits.segments}",
                'Join them in one prompt: "a person walks, then waves".',
            )

    def to_dict(self) -> dict:
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        return plain | {
            "segments": [s.to_dict() for s in self.segments],
            "fps": encode_rate(self.fps),
            "skeleton": None if self.skeleton is None else self.skeleton.to_dict(),
            "correction": asdict(self.correction),
            "origin": list(self.origin),
            "keys": [k.to_dict() for k in self.keys],
            "context": None if self.context is None else self.context.to_dict(),
        }

    @classmethod
    def from_dict(cls, d: dict) -> GenerateRequest:
        with reading("request"):
            values = {f.name: d[f.name] for f in fields(cls) if f.name in d}
            values["segments"] = [Segment.from_dict(s) for s in values.get("segments") or ()]
            if values.get("skeleton") is not None:
                values["skeleton"] = decode_skeleton(values["skeleton"])
            with reading("key pose"):
                values["keys"] = [KeyPose.from_dict(k) for k in values.get("keys") or ()]
            if values.get("context") is not None:
                values["context"] = Context.from_dict(values["context"])
            return cls(**values)
