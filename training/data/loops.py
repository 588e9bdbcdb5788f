"""Game clips are loops played in place: unroll them, and give those that should travel their root motion back."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from backend.motion import kinematics
from backend.motion.floor import on_floor
from backend.motion.motion import Motion

from . import augment

MIN_CYCLES, MIN_SECONDS = 3, 3.0
_STANCE = 0.035  # metres over the loop's lowest foot within which a foot counts as standing


def unroll(motion: Motion, travels: bool) -> Motion:
    """At least three cycles and three seconds of a loop whose last frame repeats its first.

    ``travels``: the root moves by what the standing foot would slip otherwise; else the loop stays in place.
    """
    cycle = motion[: len(motion) - 1]
    times = max(MIN_CYCLES, math.ceil(MIN_SECONDS / cycle.seconds))
    frames = np.arange(times * len(cycle)) % len(cycle)
    # what a loop does travel by itself goes on from cycle to cycle, on the ground only
    net = (motion.root[-1] - motion.root[0]) * np.array([1.0, 0.0, 1.0])
    root = cycle.root[frames] + (np.arange(len(frames)) // len(cycle))[:, None] * net
    if travels:
        velocity = stance_velocity(cycle)[frames]
        root = root + np.concatenate([np.zeros((1, 3)), np.cumsum(velocity[:-1], axis=0)])
    return on_floor(replace(motion, root=root, rotations=cycle.rotations[frames], contacts=cycle.contacts[frames]))


# Metres per second that a body of our size does at most in such a loop: figures with short legs and wide strides,
# scaled up, would walk at 2.7 m/s and step sideways at 5.
_FASTEST = {"run": 4.5, "jog": 3.0, "walk": 1.5, "sneak": 0.9, "crawl": 0.8}


def unhurried(motion: Motion, verb: str) -> Motion:
    """Played slower where the loop of another body's proportions came out faster than people do that."""
    path = np.diff(motion.root, axis=0)[:, [0, 2]]
    speed = float(np.linalg.norm(path, axis=1).mean()) * float(motion.fps)
    limit = _FASTEST.get(verb, 1.5)
    return augment.warp(motion, limit / speed) if speed > limit else motion


def stance_velocity(cycle: Motion) -> np.ndarray:
    """(T, 3) metres per frame by which the root must move for the standing foot to stay; cyclic, on the ground."""
    positions = kinematics.joint_positions(cycle)
    feet = [cycle.skeleton.index(n) for n in ("left_ankle", "right_ankle", "left_foot", "right_foot")]
    height = positions[:, feet, 1] - cycle.skeleton.rest_heights[feet]
    lowest = height.argmin(axis=1)
    here = positions[np.arange(len(cycle)), np.array(feet)[lowest]]
    following = np.roll(positions, -1, axis=0)[np.arange(len(cycle)), np.array(feet)[lowest]]
    velocity = (here - following) * np.array([1.0, 0.0, 1.0])
    stance = height.min(axis=1) < height.min() + _STANCE
    velocity[~stance] = velocity[stance].mean(axis=0)  # in flight the body keeps the speed it left the ground with
    tripled = kinematics.gaussian(np.tile(velocity, (3, 1)), 2.0)
    return tripled[len(cycle) : 2 * len(cycle)]
