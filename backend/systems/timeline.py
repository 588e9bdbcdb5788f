"""Codes beside given motions: what is known of them, and which frames of the scene they stand for.

The model's frames are counted from the first one that is decoded; ``step`` of them make a frame of the scene.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..motion import resample, retarget
from ..motion.motion import Motion
from ..motion.skeleton import canonical
from ..protocol import Context, RequestError
from .model import Model
from .vocabulary import FRAMES_PER_CODE

KNOWN = 15
"""most codes of a given motion that the model reads: 2 s at 30 fps"""
LONGEST = 60.0
"""seconds of a given motion: it comes back with every take"""
_SEEN = 40
"""most codes of it that are encoded: what lies further away does not change those that are read"""


@dataclass(frozen=True, eq=False)
class Timeline:
    """``before`` and ``after``: known codes (b,) and (a,) of the first stream, empty where nothing is given; between
    them lie ``gap`` new ones. ``first``: the model's frame of the first new frame of the scene."""

    context: Context
    before: np.ndarray
    after: np.ndarray
    gap: int
    first: float
    step: float

    def place(self, frame: int) -> int:
        """Which code the new frame ``frame`` of the scene lies in; in a fast scene the first and the last may still lie
        in known codes, and belong to the nearest new one."""
        at = int(self.first + frame * self.step) // FRAMES_PER_CODE
        return min(max(at, len(self.before)), len(self.before) + self.gap - 1)

    def frames(self, codes: int) -> int:
        """How many new frames of the scene ``codes`` new codes cover, where nothing comes after."""
        last = (len(self.before) + codes) * FRAMES_PER_CODE - 1
        return int((last - self.first) / self.step + 1e-9) + 1


def timeline(model: Model, context: Context, frames: int | None) -> Timeline:
    """``frames``: new ones at the scene's rate, None where the model chooses (after ``before`` alone). RequestError
    where they are too many, or where more is given than anybody needs."""
    for motion in context.motions:
        if motion.seconds > LONGEST:
            raise RequestError(
                "bad_context",
                f"a motion of {motion.seconds:.3g} seconds was given, at most {LONGEST:g} are accepted",
                f"Give its last seconds before, or its first ones after: {LONGEST:g} of them or fewer.",
            )
    step, spare = float(model.codec.fps / context.motions[0].fps), model.codec.spare
    before = after = np.zeros(0, np.int64)
    between, gap, late = len(context.motions) == 2, 0, 0.0
    if frames is not None:
        # the model's frames that new codes must cover: up to the first given one that comes after, or with the last
        # new one; behind a given motion codes begin with its last ``spare`` frames
        way = frames * step if context.before is None else (frames + between) * step + spare - between
        gap = max(math.ceil(way / FRAMES_PER_CODE - 1e-9), 1)
        late = gap * FRAMES_PER_CODE - way if between else 0.0
    room = _room(model, context, gap)
    if context.before is not None:
        before = _codes(model, context.before, step, None)[-room:]
    if context.after is not None:
        # it is read from where a code begins
        after = _codes(model, context.after, step, late)[:room]
    known = len(before) * FRAMES_PER_CODE
    first = known - 1 + spare + step if context.before is not None else gap * FRAMES_PER_CODE - frames * step
    return Timeline(context, before, after, gap, first, step)


def _room(model: Model, context: Context, gap: int) -> int:
    """How many codes of each given motion find place beside ``gap`` new ones."""
    room = (model.most - max(gap, model.fewest)) // len(context.motions)
    if room < 1:
        longest = (model.most - len(context.motions)) / model.rate
        raise RequestError(
            "bad_seconds",
            f"{gap / model.rate:.3g} seconds beside a given motion were asked for, bundle {model.bundle.name} makes at "
            f"most {longest:.3g}",
            f"Ask for {longest:.3g} seconds or less.",
        )
    return min(room, KNOWN)


def _codes(model: Model, motion: Motion, step: float, late: float | None) -> np.ndarray:
    """Codes of the first stream: up to the last frame, or from ``late`` of the model's frames behind the first."""
    spare = model.codec.spare
    there = int((len(motion) - 1) * step - (late or 0.0) + 1e-9) + 1 - spare
    count = FRAMES_PER_CODE * min(max(there // FRAMES_PER_CODE, 1), _SEEN) + spare
    times = np.arange(count) + (late if late is not None else (len(motion) - 1) * step - (count - 1))
    return model.encode(at_model_rate(model, motion, times))[0]


def at_model_rate(model: Model, motion: Motion, times: np.ndarray) -> Motion:
    """The motion at the model's frames ``times``, counted from its first, on the skeleton that the model sees; times
    beyond its ends hold them."""
    step = float(model.codec.fps / motion.fps)
    seen = replace(resample.sample(motion, times / step), fps=model.codec.fps)
    return retarget.retarget(seen, target=canonical(model.codec.kind))
