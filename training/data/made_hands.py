"""Made motions of body and hands, to try out what tokenizes both: recordings that anybody may use hardly move a finger.

The hands depend on the body: every action of the arms goes with a hand shape that opens and closes in its rhythm. A
part of every finger's bend does not: slow noise of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical

FPS = 30
FINGERS = ("index", "middle", "pinky", "ring", "thumb")
SKELETON = canonical("smplx52")


@dataclass(frozen=True)
class Action:
    """What the limbs do, radians, and how far each finger of ``FINGERS`` bends at each of its joints."""

    lift: float
    """of the upper arms, 0: hanging, 1.2: level"""
    swing: float
    elbow: float
    stride: float
    shape: tuple[float, ...]


ACTIONS = (
    Action(lift=0.1, swing=0.6, elbow=0.4, stride=0.5, shape=(0.5, 0.5, 0.5, 0.5, 0.2)),  # walks, hands loose
    Action(lift=1.1, swing=0.5, elbow=1.2, stride=0.0, shape=(0.1, 0.1, 0.1, 0.1, 0.0)),  # waves, open
    Action(lift=0.8, swing=0.9, elbow=1.6, stride=0.1, shape=(1.4, 1.4, 1.4, 1.4, 0.8)),  # punches, fists
    Action(lift=1.2, swing=0.1, elbow=0.1, stride=0.0, shape=(0.0, 1.3, 1.3, 1.3, 0.7)),  # points
    Action(lift=0.5, swing=0.3, elbow=1.4, stride=0.3, shape=(0.9, 0.2, 0.1, 0.2, 0.7)),  # pinches
)


def motion(seed: int, frames: int = 121, free: float = 0.15) -> Motion:
    """One action that turns into another, on SMPL-X-52 at 30 fps, the same for the same seed. ``free``: radians that
    the fingers bend on their own."""
    random = np.random.default_rng(seed)
    time = np.arange(frames) / FPS
    phase = 2 * np.pi * (random.uniform(0.6, 1.2) * time + random.uniform())
    second = np.clip(
        (time - random.uniform(0.3, 0.7) * time[-1]) / 0.5 + 0.5, 0.0, 1.0
    )  # from one to the other in 0.5 s
    one, other = (ACTIONS[i] for i in random.choice(len(ACTIONS), 2, replace=False))
    vigour = random.uniform(0.8, 1.2)

    def mixed(name: str) -> np.ndarray:
        """(T,), of "shape" (T, 5)."""
        a, b = (np.asarray(getattr(action, name), dtype=float) for action in (one, other))
        return vigour * (a + np.multiply.outer(second, b - a))

    vectors = np.zeros((frames, len(SKELETON), 3))
    for sign, side, at in ((1.0, "left", phase), (-1.0, "right", phase + np.pi)):
        put = {
            "shoulder": (2, sign * (mixed("lift") - 1.25)),
            "elbow": (1, -sign * mixed("elbow") * (0.8 + 0.2 * np.sin(at))),
            "hip": (0, -mixed("stride") * np.sin(at)),
            "knee": (0, mixed("stride") * (1.0 + np.cos(at))),
        }
        for joint, (axis, angle) in put.items():
            vectors[:, SKELETON.index(f"{side}_{joint}"), axis] = angle
        vectors[:, SKELETON.index(f"{side}_shoulder"), 1] = mixed("swing") * np.sin(at)
        bend = mixed("shape") * (0.75 + 0.25 * np.sin(at)[:, None])
        for number, finger in enumerate(FINGERS):
            own = free * np.sin(2 * np.pi * (random.uniform(0.1, 0.5) * time + random.uniform()))
            for joint in (1, 2, 3):
                # palms are down at rest: fingers close about the axis that points ahead
                vectors[:, SKELETON.index(f"{side}_{finger}{joint}"), 2] = -sign * (bend[:, number] + own)
    root = np.stack([0 * time, np.full(frames, SKELETON.hip_height), 0.3 * time * (1.0 + one.stride)], axis=1)
    found = Motion(SKELETON, root, rot.exp(vectors), FPS)
    return found.moved(0.0, (0.0, -kinematics.joint_positions(found)[..., 1].min(), 0.0))
