"""``DescribeRequest``: what is asked of ``motion/describe``."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..motion.motion import Motion
from ..wire import decode_motion, encode_motion, reading
from . import limits


@dataclass(frozen=True, eq=False)
class DescribeRequest:
    """A motion to put into words. Building one checks every value; RequestError says what to change."""

    motion: Motion
    captions: int = 0
    """how many captions the model shall write, where the bundle does that; 0 = measured facts alone"""
    seed: int = 0
    temperature: float | None = None
    """None = the bundle's own; the same for the next two"""
    top_k: int | None = None
    top_p: float | None = None
    bundle: str | None = None
    """folder; None = the bundle that comes with Posewright"""

    def __post_init__(self):
        action = f"Ask for 0 to {limits.LIMITS.captions} captions."
        checked = limits.sampling(self.temperature, self.top_k, self.top_p, None)
        del checked["guidance"]
        checked["captions"] = limits.integer(
            self.captions, "captions", 0, limits.LIMITS.captions, "bad_captions", action
        )
        checked["seed"], checked["bundle"] = limits.seed(self.seed), limits.bundle(self.bundle)
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def to_dict(self) -> dict:
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"motion": encode_motion(self.motion)}

    @classmethod
    def from_dict(cls, d: dict) -> DescribeRequest:
        with reading("request"):
            values = {f.name: d[f.name] for f in fields(cls) if f.name in d}
            return cls(**(values | {"motion": decode_motion(d["motion"])}))
