"""New frames beside given ones: they begin and end where those stand, facing, posed and moving as those are."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..motion import kinematics, resample
from ..motion import rotations as rot
from ..motion.motion import Motion
from .decoding import retargeted
from .timeline import Timeline

BLEND = 0.4
"""seconds within which what the codes made of a given pose, and how it moves, gives way to the next new ones"""
_PACE = 1 / 30
"""seconds over which it is measured how a pose moves: in less, a fast scene moves by little more than its noise"""


@dataclass(frozen=True, eq=False)
class Joined:
    """``new``: the new frames where they lie behind ``before`` and ahead of ``after``."""

    before: Motion | None
    new: Motion
    after: Motion | None
    apart: float
    """metres over the ground from where the codes lead to what comes after: the new frames slide so far"""

    @property
    def span(self) -> tuple[int, int]:
        """The new frames in ``whole``."""
        start = 0 if self.before is None else len(self.before)
        return start, start + len(self.new)

    @property
    def whole(self) -> Motion:
        parts = [part for part in (self.before, self.new, self.after) if part is not None]
        return replace(
            self.new,
            root=np.concatenate([part.root for part in parts]),
            rotations=np.concatenate([part.rotations for part in parts]),
            contacts=np.concatenate([part.contacts for part in parts]),
        )


def joined(decoded: Motion, timeline: Timeline, frames: int) -> Joined:
    """``decoded``: all codes of a timeline, at the model's rate -> ``frames`` new ones beside the given motions, at
    their rate and on their skeleton. The given frames are not changed, but what comes after is set down where the new
    ones lead if its own place says nothing. Only frames at the seams are looked at: what is given may be long."""
    context = timeline.context
    before, after, fps = context.before, context.after, context.motions[0].fps
    # one frame more at each seam: there the decoded pose and the given one are the same moment
    lead, tail = int(before is not None), int(after is not None)
    times = timeline.first + timeline.step * np.arange(-lead, frames + tail)
    new = replace(resample.sample(decoded, times), fps=fps)
    new, apart = retargeted(new, context.skeleton), 0.0
    if before is not None:
        new = _meeting(_standing(new, 0, before, -1), before[-1 - _span(before) :])
    if after is not None:
        if before is None:
            new = _standing(new, -1, after, 0)
        elif not context.placed:
            after = _standing(after, 0, new, -1)
        apart = float(np.linalg.norm((after.root[0] - new.root[-1])[[0, 2]]))
        # the same backwards in time
        new = _meeting(new[::-1], after[: 1 + _span(after)][::-1])[::-1]
    contacts = kinematics.detect_contacts(new)[lead : len(new) - tail]
    return Joined(before, new[lead : len(new) - tail].with_contacts(contacts), after, apart)


def _smooth(x: np.ndarray) -> np.ndarray:
    """From 0 at 0 to 1 at 1, level at both."""
    return x * x * (3.0 - 2.0 * x)


def _given_way(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights at ``x`` of an offset, from 1 down, and of a velocity, from 0 up at the rate 1; both rest at 0 from
    ``x`` = 1 on. Quintic, so that nothing jerks."""
    x = np.clip(x, 0.0, 1.0)
    return 1.0 - x**3 * (10.0 - 15.0 * x + 6.0 * x * x), x - x**3 * (6.0 - 8.0 * x + 3.0 * x * x)


def _yaw(motion: Motion, frame: int) -> float:
    positions, _ = kinematics.forward(motion.skeleton, motion.root[frame], motion.rotations[frame])
    return float(kinematics.facing_yaw(positions, motion.skeleton))


def _standing(motion: Motion, frame: int, other: Motion, its: int) -> Motion:
    """Turned and shifted over the ground as a whole: ``frame`` stands and faces as the frame ``its`` of another."""
    yaw = _yaw(other, its) - _yaw(motion, frame)
    away = other.root[its] - rot.rotate(rot.about_y(yaw), motion.root[frame])
    return motion.moved(yaw, away * np.array([1.0, 0.0, 1.0]))


def _meeting(new: Motion, given: Motion) -> Motion:
    """``new`` with its first frame as the last of ``given``, and moving there as that does.

    Place and heading that are apart are mended over all frames: a body that is metres away cannot be shifted there
    within a blend. The pose and the velocities give way within one."""
    new = _led_up_to(new)
    frames = max(min(math.ceil(BLEND * float(new.fps)), len(new) - 1), 1)
    far = 1.0 - _smooth(np.arange(len(new)) / (len(new) - 1))
    near, push = (left[:, None] for left in _given_way(np.arange(len(new)) / frames))
    yaw = _yaw(given, -1) - _yaw(new, 0)
    yaw = (yaw + math.pi) % (2.0 * math.pi) - math.pi
    turned = new.rotations.copy()
    turned[:, 0] = rot.multiply(rot.about_y(far * yaw), turned[:, 0])
    apart = rot.log(rot.multiply(given.rotations[-1], rot.inverse(turned[0])))
    turned = rot.multiply(rot.exp(near[..., None] * apart), turned)
    off = given.root[-1] - new.root[0]
    root = new.root + np.where([True, False, True], far[:, None], near) * off
    if len(given) > 1:
        # a pose alone does not say how it moves
        (way, turn), (own_way, own_turn) = _pace(given.root, given.rotations), _pace(root[:2], turned[:2])
        root = root + push * frames * (way - own_way)
        turned = rot.multiply(rot.exp(push[..., None] * frames * (turn - own_turn)), turned)
    return replace(new, root=root, rotations=turned)


def _led_up_to(new: Motion) -> Motion:
    """The first frame, which stands for a given one, as the later ones would go back to it: between the two the codes
    may jump."""
    later = new[1 : 2 + _span(new)]
    if len(later) < 2:
        return new
    way, turn = _pace(later.root, later.rotations)
    root, rotations = new.root.copy(), new.rotations.copy()
    root[0], rotations[0] = root[1] - way, rot.multiply(rot.exp(-turn), rotations[1])
    return replace(new, root=root, rotations=rotations)


def _span(motion: Motion) -> int:
    """Frames within which it is measured how a motion goes on."""
    return max(round(_PACE * motion.fps), 1)


def _pace(root: np.ndarray, rotations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far the pelvis gets (3,) and how the joints turn (J, 3) in a frame, from the first to the last frame."""
    span = len(root) - 1
    return (root[-1] - root[0]) / span, rot.log(rot.multiply(rotations[-1], rot.inverse(rotations[0]))) / span
