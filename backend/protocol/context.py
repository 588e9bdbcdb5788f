"""``Context``: the motions around what is to be made."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..motion.motion import Motion
from ..motion.skeleton import KINDS, Skeleton
from ..wire import RequestError, decode_motion, encode_motion, encode_rate, reading, shown

_ACTION = "Give motions of the same character, at the scene's frame rate."


@dataclass(frozen=True, eq=False)
class Context:
    """``before``: what is made goes on from its last frame; ``after``: what is made leads to its first; both: what is
    made fills the gap between them. They stand where they stand in the scene and come back unchanged; but ``after`` is
    set down where the new frames lead if, beside ``before``, it is not ``placed``."""

    before: Motion | None = None
    after: Motion | None = None
    placed: bool = True

    def __post_init__(self):
        if not self.motions:
            raise RequestError("bad_context", "the context holds no motion", "Give a motion before or after.")

    @property
    def motions(self) -> tuple[Motion, ...]:
        return tuple(motion for motion in (self.before, self.after) if motion is not None)

    @property
    def skeleton(self) -> Skeleton:
        return self.motions[0].skeleton

    def require(self, fps: Fraction, skeleton: Skeleton | None) -> None:
        """RequestError unless all have this rate, and the joints and sizes of one character, ``skeleton``'s if given:
        frames that come back unchanged cannot be put on another."""
        mine = self.skeleton
        if mine.kind not in KINDS:
            known = ", ".join(KINDS)
            raise RequestError("bad_context", f"a motion of kind {mine.kind!r} was given; known are {known}", _ACTION)
        for motion in self.motions:
            if motion.fps != fps:
                given, wanted = encode_rate(motion.fps), encode_rate(fps)
                raise RequestError("bad_context", f"a motion has the rate {given}, the scene {wanted}", _ACTION)
        for other in [motion.skeleton for motion in self.motions[1:]] + ([] if skeleton is None else [skeleton]):
            if other.names != mine.names or not np.allclose(other.offsets, mine.offsets, atol=1e-4):
                raise RequestError("bad_context", "the motions given are of different skeletons", _ACTION)

    def to_dict(self) -> dict:
        parts = {"before": self.before, "after": self.after}
        coded = {name: None if motion is None else encode_motion(motion) for name, motion in parts.items()}
        return {**coded, "placed": self.placed}

    @classmethod
    def from_dict(cls, d: dict) -> Context:
        with reading("context"):
            parts = {name: d.get(name) for name in ("before", "after")}
            motions = {name: None if part is None else decode_motion(part) for name, part in parts.items()}
            placed = d.get("placed", True)
            if not isinstance(placed, bool):
                raise ValueError(f"placed must be true or false, got {shown(placed)}")
            return cls(**motions, placed=placed)
