"""Measured facts of a motion: direction, turn, speed, steps, arms, kicks, jumps, postures.

One extractor serves captions, probes and choosing among takes. All numbers are metres, seconds, radians and counts;
none depends on the frame rate, on where the motion stands or on where it faces.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from .kinematics import gaussian
from .measures import POSTURES, Body, count_steps, measure_arm, measure_legs, posture_masks, spans, velocity
from .motion import Motion

MOVING = 0.3  # m/s: below this the root only sways


@dataclass(frozen=True)
class Arm:
    """One arm. Heights are the wrist joint's highest over that joint (m, negative = below)."""

    over_head: float
    over_shoulder: float
    over_pelvis: float
    above_head: float  # fraction of the time
    above_shoulder: float
    waves: int  # lateral reversals of >= 6 cm while the wrist is above elbow and shoulder
    speed: float  # highest wrist speed relative to the chest, m/s
    extension: float  # furthest forward of the shoulder, in arm lengths
    punches: int
    lowest: float  # lowest wrist height over the floor, m


@dataclass(frozen=True)
class Leg:
    """One leg. ``ankle_height`` is the highest over the floor, m; ``kick_speed`` the ankle's highest speed relative to
    the pelvis while the leg is raised and stretched, m/s (0 = never)."""

    ankle_height: float
    kick_height: float
    kick_speed: float
    kicks: int


@dataclass(frozen=True)
class Event:
    """Something that goes on from ``start`` to ``end`` seconds: move, still, turn_left, turn_right, jump, a posture,
    or <left|right>_<hand_up|wave|kick|punch>."""

    what: str
    start: float
    end: float


@dataclass(frozen=True)
class Facts:
    """See the fields. "Forward" and "left" of displacements are meant in the initial heading, those of speeds along the
    current one; left and turning left are positive."""

    seconds: float
    travel: float  # length of the root's path over the ground, m
    range: float  # largest distance between two of its points, m
    forward: float
    left: float
    forward_speed: float  # mean, m/s
    left_speed: float
    speed: float  # mean over the ground, m/s
    max_speed: float
    first_speed: float  # mean of the first second
    last_speed: float
    start_speed: float  # mean of the first third of a second
    end_speed: float
    turn: float  # net, radians
    total_turn: float  # sum of its absolute changes
    steps: int
    left_arm: Arm
    right_arm: Arm
    left_leg: Leg
    right_leg: Leg
    hands_together_up: int  # times both wrists were above the head
    hands_together_up_fraction: float
    feet_apart: float  # largest sideways distance of the ankles, m
    jumps: int
    jump_height: float  # highest lift of the root over standing while both feet are off the floor, m
    one_legged: float  # fraction of the time one particular foot is held off the floor
    pelvis_start: float  # pelvis height over the floor in standing heights: first and last third of a second, lowest
    pelvis_end: float
    pelvis_lowest: float
    torso_tilt: float  # largest lean of the torso from the vertical, radians
    postures: dict[str, float]  # seconds in each of POSTURES
    start_posture: str
    end_posture: str
    events: tuple[Event, ...]

    def to_dict(self) -> dict:
        return asdict(self)

    def arm(self, side: str) -> Arm:
        return self.left_arm if side == "left" else self.right_arm

    def leg(self, side: str) -> Leg:
        return self.left_leg if side == "left" else self.right_leg


def measure(motion: Motion) -> Facts:
    """The facts of a motion on SMPL-22 or SMPL-X-52 at any rate, place and heading; ValueError for other joints."""
    body = Body(motion)
    fps, count = body.fps, len(body)
    events: list[tuple[str, int, int]] = []

    ground = velocity(body.pelvis, fps, 0.1) * np.array([1.0, 0.0, 1.0])
    speed = np.linalg.norm(ground, axis=-1)
    yaw = gaussian(body.yaw, 0.2 * fps)  # hips and shoulders twist with every step: that is no turning
    turn = _ends(body.yaw, fps)
    few = body.pelvis[np.linspace(0, count - 1, min(count, 64)).round().astype(int)][:, [0, 2]]
    moved = body.pelvis[-1:] - body.pelvis[:1]
    span = 0.25 * fps
    smooth_speed = gaussian(speed, 0.15 * fps)
    events += [("move", a, b) for a, b in spans(smooth_speed > MOVING, span, span)]
    events += [("still", a, b) for a, b in spans(smooth_speed <= MOVING, 2 * span)]
    rate = velocity(yaw, fps)
    for name, mask in (("turn_left", rate > np.deg2rad(20)), ("turn_right", rate < -np.deg2rad(20))):
        events += [(name, a, b) for a, b in spans(mask, span, span) if abs(yaw[b - 1] - yaw[a]) > np.deg2rad(25)]

    arms, hands_up = {}, []
    for side in ("left", "right"):
        arms[side], found, up = measure_arm(body, side)
        hands_up.append(up)
        events += found
    together = hands_up[0] & hands_up[1]
    legs, jumps, jump_height, one_legged, found = measure_legs(body, speed)
    events += found
    masks = posture_masks(body)
    for name in POSTURES[1:]:
        events += [(name, a, b) for a, b in spans(masks[name], span, span)]
    height = body.pelvis[:, 1] / body.hip_height
    apart = np.abs(body.along(body["left_ankle"] - body["right_ankle"], body.sideways))
    return Facts(
        seconds=motion.seconds,
        travel=float(speed[1:].sum() / fps) if count > 1 else 0.0,
        range=float(np.linalg.norm(few[:, None] - few[None], axis=-1).max()),
        forward=float(body.along(moved, body.forward[:1])[0]),
        left=float(body.along(moved, body.sideways[:1])[0]),
        forward_speed=float(body.along(ground, body.forward).mean()),
        left_speed=float(body.along(ground, body.sideways).mean()),
        speed=float(speed.mean()),
        max_speed=float(speed.max()),
        first_speed=body.mean_of(speed, 1.0, False),
        last_speed=body.mean_of(speed, 1.0, True),
        start_speed=body.mean_of(speed, 1 / 3, False),
        end_speed=body.mean_of(speed, 1 / 3, True),
        turn=turn,
        total_turn=float(np.abs(np.diff(yaw)).sum()),
        steps=count_steps(body),
        left_arm=Arm(**arms["left"]),
        right_arm=Arm(**arms["right"]),
        left_leg=Leg(**legs["left"]),
        right_leg=Leg(**legs["right"]),
        hands_together_up=len(spans(together, 1, 0.1 * fps)),
        hands_together_up_fraction=float(together.mean()),
        feet_apart=float(apart.max()),
        jumps=jumps,
        jump_height=jump_height,
        one_legged=one_legged,
        pelvis_start=body.mean_of(height, 1 / 3, False),
        pelvis_end=body.mean_of(height, 1 / 3, True),
        pelvis_lowest=float(height.min()),
        torso_tilt=float(body.tilt.max()),
        postures={name: float(masks[name].sum() / fps) for name in POSTURES},
        start_posture=_usual(masks, slice(0, max(1, round(fps / 3)))),
        end_posture=_usual(masks, slice(-max(1, round(fps / 3)), None)),
        events=tuple(Event(w, a / fps, b / fps) for w, a, b in sorted(events, key=lambda e: (e[1], e[2], e[0]))),
    )


def _ends(yaw, fps: float) -> float:
    """Net turn between the mean headings of the first and last tenth of a second."""
    n = max(1, round(0.1 * fps))
    return float(yaw[-n:].mean() - yaw[:n].mean())


def _usual(masks: dict, part: slice) -> str:
    return max(POSTURES, key=lambda name: masks[name][part].sum())
