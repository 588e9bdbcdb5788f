"""All feature codecs behind one interface: a Motion to rows of numbers and back, by the codec's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from ..motion import Motion
from ..skeleton import canonical
from . import humanml263, kit251, motionx623, ms272


@dataclass(frozen=True, eq=False)
class Codec:
    """``encode``: a Motion of T + ``spare`` frames on a skeleton of ``kind`` at ``fps`` -> (T, ``width``) float32.
    ``decode``: such rows -> a Motion of T frames that starts at x = z = 0 facing +Z. Both raise ValueError for what
    does not fit. ``layout``: where each block of a row lies."""

    name: str
    width: int
    fps: Fraction
    kind: str
    layout: Mapping[str, slice]
    spare: int
    """frames that encoding uses up, because a row looks at the next one"""
    encode: Callable[[Motion], np.ndarray]
    decode: Callable[[np.ndarray], Motion]
    positions: Callable[[np.ndarray], np.ndarray] | None
    """rows -> positions (T, J, 3) of the codec's own joints in metres, recovered as published (``decode`` mends turns
    that rows hold the wrong way round); None where rotations are what is decoded"""


def _guo(module, positions: Callable[[np.ndarray], np.ndarray]) -> Codec:
    """Rows that hold positions and no twist."""
    return Codec(
        module.NAME, module.WIDTH, module.FPS, module.KIND, module.LAYOUT, 1, module.encode, module.decode, positions
    )


def _ms(name: str, kind: str) -> Codec:
    """Rows that hold the rotations themselves."""
    skeleton = canonical(kind)
    layout = ms272.layout(len(skeleton))
    encode, decode = partial(ms272.encode, kind=kind), partial(ms272.decode, skeleton=skeleton)
    return Codec(name, layout["rotations"].stop, ms272.FPS, kind, layout, 0, encode, decode, None)


CODECS = {
    codec.name: codec
    for codec in (
        _guo(humanml263, humanml263.decode_positions),
        _guo(kit251, kit251.joint_positions),
        _guo(motionx623, motionx623.decode_positions),
        _ms("ms272", "smpl22"),
        _ms("ms272_hands", "smplx52"),
    )
}


def codec(name: str) -> Codec:
    """The codec of that name; ValueError that lists the known ones."""
    if name not in CODECS:
        raise ValueError(f"unknown feature codec {name!r}; known: {', '.join(CODECS)}")
    return CODECS[name]
