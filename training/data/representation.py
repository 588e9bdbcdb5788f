"""What a data set holds of each frame: a Motion's own arrays, or the rows of a feature codec."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from backend.motion.features.codec import CODECS, Codec
from backend.motion.motion import Motion
from backend.motion.resample import resample
from backend.motion.skeleton import canonical

RATE = Fraction(30)
"""frames a second of what is kept as a Motion"""
_UNIT = 32767  # int16 quaternions: rounded by less than 0.002 degrees


@dataclass(frozen=True)
class Representation:
    """``kind`` of skeleton, ``fps``, and the codec whose rows are kept, None for a Motion's arrays."""

    name: str
    kind: str
    fps: Fraction
    codec: Codec | None = None

    @property
    def arrays(self) -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
        """Name -> (type, shape of one frame)."""
        if self.codec:
            return {"rows": (np.dtype(np.float32), (self.codec.width,))}
        joints = len(canonical(self.kind))
        return {
            "rotations": (np.dtype(np.int16), (joints, 4)),
            "root": (np.dtype(np.float32), (3,)),
            "contacts": (np.dtype(np.uint8), (4,)),
        }

    def encode(self, motion: Motion) -> dict[str, np.ndarray]:
        """The arrays (T, ...) of a Motion on the canonical skeleton of this kind, at any rate."""
        motion = resample(motion, self.fps)
        if self.codec:
            return {"rows": self.codec.encode(motion)}
        return {
            "rotations": np.rint(motion.rotations * _UNIT).astype(np.int16),
            "root": motion.root.astype(np.float32),
            "contacts": motion.contacts.astype(np.uint8),
        }

    def decode(self, arrays: dict[str, np.ndarray]) -> Motion:
        """The inverse of ``encode``."""
        if self.codec:
            return self.codec.decode(arrays["rows"])
        rotations = arrays["rotations"] / float(_UNIT)
        return Motion(canonical(self.kind), arrays["root"], rotations, self.fps, arrays["contacts"].astype(bool))


def representations() -> dict[str, Representation]:
    """All there are by name: "motion", "motion_hands" and every codec."""
    found = [Representation("motion", "smpl22", RATE), Representation("motion_hands", "smplx52", RATE)]
    found += [Representation(c.name, c.kind, c.fps, c) for c in CODECS.values()]
    return {r.name: r for r in found}


def representation(name: str) -> Representation:
    """By name; ValueError lists the known ones."""
    known = representations()
    if name not in known:
        raise ValueError(f"unknown representation {name!r}; known: {', '.join(known)}")
    return known[name]
