"""What facts are measured with: spans, reversals, velocities and the single measures of arms, legs and postures."""

from __future__ import annotations

import numpy as np

from .kinematics import gaussian, heading, joint_positions
from .motion import Motion

POSTURES = ("standing", "crouched", "sitting", "bent", "kneeling", "lying")
FALLING = -2.5  # m/s2; free fall is -9.81, smoothing and hand-keyed jumps take some of it
WAVE_REVERSAL = 0.06  # m of lateral wrist travel that count as one stroke of a wave


def spans(mask, shortest: float = 1.0, gap: float = 0.0) -> list[tuple[int, int]]:
    """Half-open spans in which ``mask`` (T,) holds for at least ``shortest`` frames; ``gap`` frames are bridged."""
    held = np.zeros(len(mask) + 2, bool)
    held[1:-1] = mask
    edges = np.flatnonzero(held[1:] != held[:-1])
    found: list[tuple[int, int]] = []
    for start, end in edges.reshape(-1, 2):
        if found and start - found[-1][1] <= gap:
            found[-1] = (found[-1][0], int(end))
        else:
            found.append((int(start), int(end)))
    return [(a, b) for a, b in found if b - a >= shortest]


def reversals(x, threshold: float) -> int:
    """How often the signal ``x`` (T,) turns back after moving at least ``threshold``."""
    count, direction = 0, 0
    low = high = x[0] if len(x) else 0.0
    for value in np.asarray(x).tolist():
        low, high = min(low, value), max(high, value)
        if direction <= 0 and value - low >= threshold:
            count += direction < 0
            direction, high = 1, value
        elif direction >= 0 and high - value >= threshold:
            count += direction > 0
            direction, low = -1, value
    return count


def velocity(x, fps: float, seconds: float = 0.05) -> np.ndarray:
    """Velocity of (T, ...) per second. Smoothed after the difference, so that the ends keep their speed."""
    if len(x) < 2:
        return np.zeros_like(x)
    change = np.empty_like(x, dtype=float)
    change[1:-1] = (x[2:] - x[:-2]) / 2
    change[0], change[-1] = x[1] - x[0], x[-1] - x[-2]
    return gaussian(change * fps, seconds * fps)


class Body:
    """Joint positions (T, 3) by name over the floor, with the facing frame: what all measures share."""

    def __init__(self, motion: Motion):
        skeleton = motion.skeleton
        needed = ("pelvis", "left_ankle", "left_foot", "left_wrist", "left_elbow", "left_shoulder", "spine3", "head")
        missing = [n for n in needed if n not in skeleton.names]
        if missing:
            raise ValueError(
                f"facts are measured on SMPL-22 or SMPL-X-52 joints, but the skeleton has no {', '.join(missing)}; "
                "retarget the motion to the canonical skeleton first"
            )
        self.fps = float(motion.fps)
        positions = joint_positions(motion).copy()
        # the floor is where the lowest joint usually comes to rest: survives files with the floor anywhere
        positions[..., 1] -= np.percentile(positions[..., 1].min(axis=1), 5.0)
        self.skeleton = skeleton
        self.positions = positions
        self.yaw = heading(motion)
        self.forward = np.stack([np.sin(self.yaw), np.cos(self.yaw)], -1)  # (T, 2) in x, z
        self.sideways = np.stack([np.cos(self.yaw), -np.sin(self.yaw)], -1)  # to the left
        self.hip_height = skeleton.hip_height
        self.pelvis = self["pelvis"]
        torso = self["neck"] - self.pelvis
        self.tilt = np.arctan2(np.hypot(torso[:, 0], torso[:, 2]), torso[:, 1])

    def __len__(self):
        return len(self.positions)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.positions[:, self.skeleton.index(name)]

    def along(self, vectors, axis) -> np.ndarray:
        """Component (T,) of (T, 3) along a horizontal axis (T, 2)."""
        return vectors[:, 0] * axis[:, 0] + vectors[:, 2] * axis[:, 1]

    def mean_of(self, values, seconds: float, end: bool) -> float:
        n = max(1, min(len(values), round(seconds * self.fps)))
        return float(np.mean(values[-n:] if end else values[:n]))


def count_steps(body: Body) -> int:
    """Steps = swings in which one ankle is clearly faster over the ground than the other and gets somewhere."""
    feet = [body[f"{side}_ankle"][:, [0, 2]] for side in ("left", "right")]
    fast = [np.linalg.norm(velocity(f, body.fps), axis=-1) for f in feet]
    steps = 0
    for foot, lead in ((0, fast[0] - fast[1]), (1, fast[1] - fast[0])):
        for a, b in spans(lead > 0.3, 0.06 * body.fps):
            steps += bool(np.linalg.norm(feet[foot][b - 1] - feet[foot][a]) > 0.08)
    return steps


def measure_arm(body: Body, side: str):
    """(fields of ``Arm``, events, (T,) bool: wrist above the head)."""
    fps = body.fps
    wrist, elbow, shoulder = (body[f"{side}_{n}"] for n in ("wrist", "elbow", "shoulder"))
    chest, head = body["spine3"], body["head"]
    s = body.skeleton
    length = float(sum(np.linalg.norm(s.offsets[s.index(f"{side}_{n}")]) for n in ("elbow", "wrist")))
    upright = body.tilt < np.deg2rad(60)  # lying down or bent over, "above" says nothing about the arm
    up = (wrist[:, 1] > head[:, 1]) & upright
    above = (wrist[:, 1] > shoulder[:, 1]) & upright
    events = [(f"{side}_hand_up", a, b) for a, b in spans(up, 0.15 * fps, 0.2 * fps)]

    relative = velocity(wrist - chest, fps, 0.03)
    lateral = body.along(wrist - chest, body.sideways)
    ready = (wrist[:, 1] > np.maximum(elbow[:, 1], shoulder[:, 1] - 0.05)) & upright
    waves = 0
    for a, b in spans(ready, 0.3 * fps, 0.1 * fps):
        strokes = reversals(lateral[a:b], WAVE_REVERSAL)
        waves += strokes
        events += [(f"{side}_wave", a, b)] if strokes >= 2 else []

    ahead = body.along(wrist - shoulder, body.forward) / length
    level = (wrist[:, 1] > chest[:, 1] - 0.15) & (wrist[:, 1] < head[:, 1] + 0.25)
    thrust = body.along(relative, body.forward) > 1.8
    punches = 0
    for a, b in spans(thrust & level & upright, 1, 0.1 * fps):
        if ahead[a : b + round(0.2 * fps)].max() > 0.7:  # a jogger's bent arms never reach that far
            punches += 1
            events.append((f"{side}_punch", a, b))
    facts = {
        "over_head": float((wrist - head)[:, 1].max()),
        "over_shoulder": float((wrist - shoulder)[:, 1].max()),
        "over_pelvis": float((wrist - body.pelvis)[:, 1].max()),
        "above_head": float(up.mean()),
        "above_shoulder": float(above.mean()),
        "waves": waves,
        "speed": float(np.linalg.norm(relative, axis=-1).max()),
        "extension": float(ahead.max()),
        "punches": punches,
        "lowest": float(wrist[:, 1].min()),
    }
    return facts, events, up


def measure_legs(body: Body, speed):
    """Kicks per leg, then jumps: (fields of ``Leg`` by side, jumps, jump height, one-legged fraction, events).
    ``speed`` (T,): of the root over the ground."""
    fps, s = body.fps, body.skeleton
    rest = s.rest_positions[:, 1] - s.rest_positions[:, 1].min()
    legs, events, off = {}, [], {}
    on_feet = (body.pelvis[:, 1] > 0.6 * body.hip_height) & (body.tilt < np.deg2rad(75))
    for side in ("left", "right"):
        ankle, toe = body[f"{side}_ankle"][:, 1], body[f"{side}_foot"][:, 1]
        off[side] = np.minimum(ankle - rest[s.index(f"{side}_ankle")], toe - rest[s.index(f"{side}_foot")]) > 0.05
    air = off["left"] & off["right"]
    for side in ("left", "right"):
        ankle, hip = body[f"{side}_ankle"], body[f"{side}_hip"]
        fast = np.linalg.norm(velocity(ankle - body.pelvis, fps, 0.03), axis=-1)
        # a runner's heel comes up as high, but with a bent knee or at a run
        straight = np.linalg.norm(ankle - hip, axis=-1) > 0.84 * s.leg_length
        # and a walker's foot is up behind the body
        straight &= (body.along(ankle - hip, body.forward) > 0.0) | (speed < 0.6)
        raised = (ankle[:, 1] > rest[s.index(f"{side}_ankle")] + 0.25) & straight & on_feet & ~air & (speed < 2.0)
        kicks, kick_speed, high = 0, 0.0, 0.0
        for a, b in spans(raised, 1, 0.15 * fps):
            fastest = float(fast[max(0, a - round(0.25 * fps)) : b].max())
            if fastest > 1.5:
                kicks += 1
                kick_speed, high = max(kick_speed, fastest), max(high, float(ankle[a:b, 1].max()))
                events.append((f"{side}_kick", a, b))
        legs[side] = {
            "ankle_height": float(ankle[:, 1].max()),
            "kick_height": high,
            "kick_speed": kick_speed,
            "kicks": kicks,
        }
    grounded = body.pelvis[~air, 1] if (~air).any() else np.array([body.hip_height])
    standing = max(float(np.median(grounded)), 0.85 * body.hip_height)
    lift = body.pelvis[:, 1] - standing
    rising = velocity(body.pelvis[:, 1], fps, 0.03)
    jumps, highest = 0, 0.0
    for a, b in spans(air, 0.1 * fps, 0.05 * fps):
        top = float(lift[a:b].max())
        # a run's flight lifts the root less; who stays up longer than a leap can last, or does not fall, stands on
        # something
        falling = (rising[b - 1] - rising[a]) / ((b - 1 - a) / fps) if b - 1 > a else 0.0
        if top > 0.06 and b - a < 1.2 * fps and falling < FALLING:
            jumps += 1
            highest = max(highest, top)
            events.append(("jump", a, b))
    return legs, jumps, highest, float(max(o.mean() for o in off.values())), events


def posture_masks(body: Body) -> dict[str, np.ndarray]:
    """One bool (T,) a posture; each frame is in exactly one."""
    height = body.pelvis[:, 1] / body.hip_height
    thigh = float(np.linalg.norm(body.skeleton.offsets[body.skeleton.index("left_knee")]))
    knees = np.stack([body["left_knee"], body["right_knee"]], 1)
    ankles = np.stack([body["left_ankle"], body["right_ankle"]], 1)
    drop = (body.pelvis[:, None, 1] - knees[..., 1]).mean(1) / thigh  # 1 = thighs hang, 0 = thighs level
    behind = body.along(ankles.mean(1) - body.pelvis, body.forward)
    kneeling = (knees[..., 1].min(1) < 0.2 * body.hip_height) & (height > 0.25) & (drop > 0.1)
    tests = {
        "lying": (height < 0.4) & (body.tilt > np.deg2rad(55)),
        "kneeling": (height < 0.75) & kneeling,
        # on a seat the feet stand before the body, in a squat under it; whoever is that low sits on the floor
        "sitting": (body.tilt < np.deg2rad(55))
        & (((height < 0.78) & (drop < 0.6) & (behind > 0.4 * thigh)) | (height < 0.25)),
        "bent": (height > 0.6) & (body.tilt > np.deg2rad(48)),
        "crouched": height < 0.85,
    }
    masks, free = {}, np.ones(len(body), bool)
    for name, test in tests.items():
        masks[name] = test & free
        free &= ~test
    masks["standing"] = free
    return masks
