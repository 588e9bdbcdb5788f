"""How far the end of a limb's segment is twisted against its beginning.

A direction alone has no twist: what counts as none is the shortest way there from a middle of all directions that the
limb takes. The further from it, the more a limb that swings round seems to twist. So arms count from down in front of
the shoulder and thighs from half raised, far from where they never point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from . import rotations as rot
from .anatomy import canonical_frames

_MIDDLES = {"shoulder": (1.0, -0.7, 0.7), "hip": (0.0, -1.0, 1.0)}
"""of the left side, in the canonical rest pose of what the limb hangs on; other segments: along themselves at rest"""
_FASTER = np.deg2rad(4.5)
"""radians a frame by which a bone with a share of the twist may turn faster about itself than what it lies between"""


def twist(
    slot: str, above: str, below: str, world: Mapping[str, np.ndarray], offsets: Mapping[str, np.ndarray]
) -> np.ndarray:
    """(T,) radians by which ``below`` is twisted against ``above`` about the segment of ``slot``: 0 in the rig's
    reference pose, unwrapped. ``world`` and ``offsets`` as for ``chains.bone_turns``."""
    axis = rot.rotate(canonical_frames("smpl22")[slot], np.array([0.0, 1.0, 0.0]))
    side, part = slot.split("_")
    middle = axis
    if part in _MIDDLES:
        middle = rot.normalize(_MIDDLES[part]) * (1.0 if side == "left" else np.array([-1.0, 1.0, 1.0]))
    now = _angle(rot.multiply(rot.inverse(world[above]), world[below]), axis, middle)
    rest = _angle(rot.multiply(offsets[above], rot.inverse(offsets[below])), axis, middle)
    path = np.unwrap(now - rest)
    return path - 2.0 * np.pi * np.round(path[0] / (2.0 * np.pi))


def _angle(turn, axis, middle) -> np.ndarray:
    """Radians that ``turn`` (..., 4) twists about its own ``axis`` (3,), whole turns apart; none is the shortest way
    from ``middle`` (3,) to where it takes the axis."""
    there = rot.between(middle, rot.rotate(turn, axis))
    about = rot.multiply(rot.inverse(there), rot.multiply(turn, rot.between(middle, axis)))
    return 2.0 * np.arctan2(about[..., 1:] @ middle, about[..., 0])


def held_back(path: np.ndarray, share: float, own: np.ndarray, beside: Sequence[np.ndarray], axis) -> np.ndarray:
    """``path`` (T,) of a twist, slower where a bone that takes any of it, up to ``share`` (1 or -1), would turn about
    itself by more than its limb and its neighbours do, and some degrees.

    So it would where a limb points away from all that is usual, and in recordings that flip. ``own`` and ``beside``:
    turns (T, 4) of the segment and of its neighbours; ``axis`` (3,): the segment in the reference pose.
    """
    along = rot.rotate(own, axis)
    spin = _spin(own, along)
    most = np.max(np.abs([spin, *(_spin(turn, along) for turn in beside)]), axis=0) + _FASTER
    low, high = -share * spin - most, -share * spin + most
    steps = np.diff(path)
    if ((low <= steps) & (steps <= high)).all():
        return path
    out = [float(path[0])]
    for wanted, least, greatest in zip(path[1:].tolist(), low.tolist(), high.tolist()):
        out.append(out[-1] + min(max(wanted - out[-1], least), greatest))
    return np.array(out)


def _spin(turns, along) -> np.ndarray:
    """(T - 1,) radians by which ``turns`` (T, 4) go about ``along`` (T, 3) from each frame to the next."""
    step = rot.shortest(rot.multiply(turns[1:], rot.inverse(turns[:-1])))
    return 2.0 * np.arctan2(np.einsum("ti,ti->t", step[:, 1:], along[:-1]), step[:, 0])
