"""The probe checks: what a motion must measurably do to pass a prompt. Thresholds are kinematic, metres and seconds.

They stand apart from the keys of captions and from the scores that choose among takes, so that neither can bend them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.motion.facts import Facts, measure
from backend.motion.measures import Body, reversals, spans, velocity
from backend.motion.motion import Motion

FOLDER = Path(__file__).parent
SETS = ("public", "heldout")


@dataclass(frozen=True)
class Check:
    """``test``: Motion -> (passed, what was measured). ``verbs`` and ``slots``: what the slots of training data that
    teach this must hold; sides are left out, because every clip is also trained mirrored."""

    test: Callable[[Motion], tuple[bool, str]]
    verbs: tuple[str, ...]
    slots: dict[str, tuple[str, ...]]


def prompts(name: str) -> dict[str, str]:
    """Check id -> prompt of the set "public" or "heldout"; ValueError when an id has no check or a check no prompt."""
    path = FOLDER / f"{name}.json"
    found = json.loads(path.read_text(encoding="utf-8"))["prompts"]
    if set(found) != set(CHECKS):
        raise ValueError(
            f"{path} must have one prompt for each check; differing ids: {sorted(set(found) ^ set(CHECKS))}"
        )
    return {name: str(found[name]) for name in CHECKS}


def walk_forward(motion: Motion) -> tuple[bool, str]:
    """Mean speed along the facing above 0.8 m/s and not above 1.8, where running begins."""
    v = measure(motion).forward_speed
    return 0.8 < v <= 1.8, f"{v:.2f} m/s along facing"


def run_forward(motion: Motion) -> tuple[bool, str]:
    """Mean speed along the facing above 1.8 m/s: faster than any walk that passes."""
    v = measure(motion).forward_speed
    return v > 1.8, f"{v:.2f} m/s along facing"


def stand_still(motion: Motion) -> tuple[bool, str]:
    """Net displacement and the largest distance between two places of the root both below 0.2 m."""
    f = measure(motion)
    net = float(np.hypot(f.forward, f.left))
    return net < 0.2 and f.range < 0.2, f"net {net:.2f} m, range {f.range:.2f} m"


def turn_left(motion: Motion) -> tuple[bool, str]:
    """Net turn above 40 degrees to the left over more than 0.5 m of way."""
    return _turned(measure(motion), 1.0)


def turn_right(motion: Motion) -> tuple[bool, str]:
    """Net turn above 40 degrees to the right over more than 0.5 m of way."""
    return _turned(measure(motion), -1.0)


def _turned(f: Facts, sign: float) -> tuple[bool, str]:
    turn = float(np.rad2deg(f.turn))
    return sign * turn > 40.0 and f.travel > 0.5, f"turned {turn:+.0f} degrees over {f.travel:.2f} m"


def jump(motion: Motion) -> tuple[bool, str]:
    """The root rises more than 0.1 m over its median on the ground while both feet are off the floor."""
    f = measure(motion)
    return f.jump_height > 0.1, f"{f.jump_height:.2f} m up, {f.jumps} jumps"


def raise_right_hand(motion: Motion) -> tuple[bool, str]:
    """The right wrist gets above the head joint."""
    height = measure(motion).right_arm.over_head
    return height > 0.0, f"right wrist {height:+.2f} m over head"


def raise_left_hand(motion: Motion) -> tuple[bool, str]:
    """The left wrist gets above the head joint."""
    height = measure(motion).left_arm.over_head
    return height > 0.0, f"left wrist {height:+.2f} m over head"


def wave_right_hand(motion: Motion) -> tuple[bool, str]:
    """The right wrist turns back at least twice after moving 6 cm or more sideways while it is above the shoulder."""
    body = Body(motion)
    above = body["right_wrist"][:, 1] > body["right_shoulder"][:, 1]
    sideways = body.along(body["right_wrist"] - body["spine3"], body.sideways)
    turns = max((reversals(sideways[a:b], 0.06) for a, b in spans(above)), default=0)
    return turns >= 2, f"{turns} reversals above the shoulder"


def walk_backward(motion: Motion) -> tuple[bool, str]:
    """More than 0.3 m against the facing in all."""
    f = measure(motion)
    way = f.forward_speed * f.seconds
    return way < -0.3, f"{way:+.2f} m along facing"


def sit_down(motion: Motion) -> tuple[bool, str]:
    """The pelvis ends below 0.72 of its standing height, started higher, and the torso ends within 45 degrees of upright."""
    f = measure(motion)
    tilt = float(np.rad2deg(Body(motion).tilt[-max(1, round(float(motion.fps) / 3)) :].mean()))
    passed = f.pelvis_end < 0.72 and f.pelvis_start > f.pelvis_end + 0.1 and tilt < 45.0
    return passed, f"pelvis {f.pelvis_start:.2f} to {f.pelvis_end:.2f} of standing, torso at {tilt:.0f} degrees"


def crouch(motion: Motion) -> tuple[bool, str]:
    """The pelvis is below 0.85 of its standing height for at least half of the time."""
    body = Body(motion)
    low = float((body.pelvis[:, 1] < 0.85 * body.hip_height).mean())
    return low >= 0.5, f"low for {100 * low:.0f} % of the time"


def kick(motion: Motion) -> tuple[bool, str]:
    """An ankle gets higher than 0.45 m over the floor."""
    f = measure(motion)
    height = max(f.left_leg.ankle_height, f.right_leg.ankle_height)
    return height > 0.45, f"ankle {height:.2f} m over floor"


def punch(motion: Motion) -> tuple[bool, str]:
    """A wrist moves faster than 2 m/s relative to the chest and comes to 0.6 of the arm's length before its shoulder."""
    f = measure(motion)
    arms = [a for a in (f.left_arm, f.right_arm) if a.speed > 2.0 and a.extension > 0.6]
    best = max((f.left_arm, f.right_arm), key=lambda a: a.speed)
    return bool(arms), f"wrist {best.speed:.1f} m/s, {best.extension:.2f} arm lengths ahead"


def sidestep_left(motion: Motion) -> tuple[bool, str]:
    """More than 0.3 m to the left of the facing, and more than along it."""
    return _aside(measure(motion), 1.0)


def sidestep_right(motion: Motion) -> tuple[bool, str]:
    """More than 0.3 m to the right of the facing, and more than along it."""
    return _aside(measure(motion), -1.0)


def _aside(f: Facts, sign: float) -> tuple[bool, str]:
    left, ahead = f.left_speed * f.seconds, f.forward_speed * f.seconds
    return sign * left > 0.3 and abs(left) > abs(ahead), f"{left:+.2f} m to the left, {ahead:+.2f} m ahead"


def walk_then_stop(motion: Motion) -> tuple[bool, str]:
    """Faster than 0.5 m/s somewhere in the first two thirds, slower than 0.25 m/s on average in the last half second."""
    body = Body(motion)
    speed = np.linalg.norm(velocity(body.pelvis[:, [0, 2]], body.fps, 0.1), axis=-1)
    before = float(speed[: max(1, 2 * len(speed) // 3)].max())
    after = float(speed[-max(1, round(0.5 * body.fps)) :].mean())
    return before > 0.5 and after < 0.25, f"{before:.2f} m/s, at the end {after:.2f} m/s"


def walk_slow(motion: Motion) -> tuple[bool, str]:
    """Mean speed along the facing between 0.2 and 0.95 m/s."""
    v = measure(motion).forward_speed
    return 0.2 < v < 0.95, f"{v:.2f} m/s along facing"


def jumping_jacks(motion: Motion) -> tuple[bool, str]:
    """Both wrists are above the head together at least twice, or once while the ankles also get 0.45 m apart sideways."""
    f = measure(motion)
    passed = f.hands_together_up >= 2 or (f.hands_together_up == 1 and f.feet_apart > 0.45)
    return passed, f"hands up together {f.hands_together_up} times, feet {f.feet_apart:.2f} m apart"


def spin(motion: Motion) -> tuple[bool, str]:
    """Net turn of at least 300 degrees either way within a range of 2 m."""
    f = measure(motion)
    turn = float(np.rad2deg(f.turn))
    return abs(turn) >= 300.0 and f.range < 2.0, f"turned {turn:+.0f} degrees within {f.range:.2f} m"


CHECKS: dict[str, Check] = {
    "walk_forward": Check(walk_forward, ("walk",), {}),
    "run_forward": Check(run_forward, ("run", "jog"), {}),
    "stand_still": Check(stand_still, ("stand", "idle"), {}),
    "turn_left": Check(turn_left, ("walk", "turn", "run", "jog"), {"turn": ("left", "right")}),
    "turn_right": Check(turn_right, ("walk", "turn", "run", "jog"), {"turn": ("left", "right")}),
    "jump": Check(jump, ("jump", "leap", "hop"), {}),
    "raise_right_hand": Check(raise_right_hand, ("raise", "wave", "reach", "point"), {}),
    "raise_left_hand": Check(raise_left_hand, ("raise", "wave", "reach", "point"), {}),
    "wave_right_hand": Check(wave_right_hand, ("wave",), {}),
    "walk_backward": Check(walk_backward, ("walk", "run", "jog"), {"direction": ("backward",)}),
    "sit_down": Check(sit_down, ("sit",), {}),
    "crouch": Check(crouch, ("crouch", "sneak"), {}),
    "kick": Check(kick, ("kick",), {}),
    "punch": Check(punch, ("punch",), {}),
    "sidestep_left": Check(sidestep_left, ("walk", "run", "jog", "sidestep"), {"direction": ("left", "right")}),
    "sidestep_right": Check(sidestep_right, ("walk", "run", "jog", "sidestep"), {"direction": ("left", "right")}),
    "walk_then_stop": Check(walk_then_stop, ("walk", "run", "jog"), {"style": ("to a stop", "sudden stop", "quick stop",
                                                                                "start and stop", "stop and go")}),
    "walk_slow": Check(walk_slow, ("walk",), {"speed": ("slow",)}),
    "jumping_jacks": Check(jumping_jacks, ("exercise",), {}),
    "spin": Check(spin, ("spin",), {}),
}  # fmt: skip
