"""What key poses of a request must be."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from ..motion.motion import FARTHEST, KeyPose
from ..wire import RequestError
from .limits import LIMITS


def check_keys(
    keys: Iterable[KeyPose], timed: bool, start: int, frames: int | None, fps: Fraction
) -> tuple[KeyPose, ...]:
    """The keys in the order of their frames. RequestError for too many of them, and where they are ``timed`` for one
    outside the span: ``frames`` from ``start`` on, or the longest that can be made."""
    keys = tuple(sorted(keys, key=lambda key: key.frame)) if timed else tuple(keys)
    if len(keys) > LIMITS.keys:
        raise RequestError(
            "bad_keys",
            f"{len(keys)} key poses were given, at most {LIMITS.keys} are accepted",
            "Key fewer poses, or generate in two parts.",
        )
    for key in keys:
        _check_numbers(key)
    if timed:
        _check_span(keys, start, frames, fps)
    return keys


def _check_numbers(key: KeyPose) -> None:
    places = [key.ground, *(joint.position for joint in key.joints.values())]
    numbers = np.array([n for n in (key.height, key.heading) if n is not None], float)
    numbers = np.concatenate([numbers, *(np.ravel(place) for place in places if place is not None)])
    if not np.isfinite(numbers).all():
        problem = "holds NaN or infinite numbers"
    elif (np.abs(numbers) > FARTHEST).any():
        problem = f"holds a place, height or heading beyond {FARTHEST:g}"
    else:
        return
    raise RequestError("bad_keys", f"the key pose at frame {key.frame} {problem}", "Key the pose anew.")


def _check_span(keys: tuple[KeyPose, ...], start: int, frames: int | None, fps: Fraction) -> None:
    last = start + (math.floor(LIMITS.max_seconds * fps) if frames is None else frames) - 1
    for key in keys:
        if not start <= key.frame <= last:
            raise RequestError(
                "bad_keys",
                f"the key pose at frame {key.frame} lies outside the span, frames {start} to {last}",
                "Move the key, or change where the motion starts or how long it is.",
            )
    for key, other in zip(keys, keys[1:]):
        if key.frame == other.frame:
            raise RequestError("bad_keys", f"two key poses lie at frame {key.frame}", "Leave one of them out.")
