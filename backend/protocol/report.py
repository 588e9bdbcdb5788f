"""``Report``: how the takes were made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from fractions import Fraction

from ..motion.limbs import LimbCorrection
from ..wire import decode_rate, encode_rate, reading


@dataclass(frozen=True)
class PoseError:
    """How far the chosen take is from a key pose."""

    frame: int
    """the key's, in the scene"""
    cm: float
    """of the joint that is furthest away; what the key does not bind counts as it is in the take"""
    degrees: float
    """of the bound rotation that is furthest off"""


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
    """of the chosen take, at the scene's rate, with the motions that were given"""
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
    task: str = ""
    """what the model was asked for"""
    made: tuple[int, int] | None = None
    """first frame of the chosen take that is new, and the one behind the last; the others are the motions that were
    given. None = all are new"""
    key_errors: tuple[PoseError, ...] = ()
    """one a key pose whose frame is known"""
    fps: Fraction | None = None
    """the scene's rate"""
    correction: LimbCorrection | None = None
    """how far the takes' feet and hands were drawn to where the model's are; None = they are on no character"""

    def to_dict(self) -> dict:
        return {
            "bundle": self.bundle,
            "system": self.system,
            "engine": self.engine,
            "device": self.device,
            "seed": int(self.seed),
            "frames": int(self.frames),
            "fps": None if self.fps is None else encode_rate(self.fps),
            "stage_seconds": {str(k): round(float(v), 4) for k, v in self.stage_seconds.items()},
            "chosen": int(self.chosen),
            "reason": self.reason,
            "scores": [float(s) for s in self.scores],
            "unknown_words": list(self.unknown_words),
            "foot_slide": None if self.foot_slide is None else float(self.foot_slide),
            "warnings": list(self.warnings),
            "task": self.task,
            "made": None if self.made is None else [int(frame) for frame in self.made],
            "key_errors": [asdict(error) for error in self.key_errors],
            "correction": None if self.correction is None else asdict(self.correction),
        }

    @classmethod
    def from_dict(cls, d: dict) -> Report:
        with reading("report"):
            known = {f.name: d[f.name] for f in fields(cls) if f.name in d}
            for name in ("scores", "unknown_words", "warnings"):
                known[name] = tuple(known.get(name, ()))
            if known.get("made") is not None:
                known["made"] = tuple(known["made"])
            if known.get("fps") is not None:
                known["fps"] = decode_rate(known["fps"])
            if known.get("correction") is not None:
                known["correction"] = LimbCorrection(**known["correction"])
            known["key_errors"] = tuple(PoseError(**error) for error in known.get("key_errors", ()))
            return cls(**known)
