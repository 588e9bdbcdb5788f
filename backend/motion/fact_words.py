"""From measured facts to the keys of the caption phrase bank (training/data/captions/facts.json)."""

from __future__ import annotations

import numpy as np

from .facts import Facts

KEYS = (
    "walk_forward", "walk_backward", "walk_slow", "walk_fast", "jog_forward", "run_forward", "run_fast",
    "sidestep_left", "sidestep_right", "stand_still", "turn_left_slight", "turn_right_slight", "turn_left",
    "turn_right", "turn_around_left", "turn_around_right", "spin_left", "spin_right", "walk_turn_left",
    "walk_turn_right", "run_turn_left", "run_turn_right", "walk_circle_left", "walk_circle_right", "walk_then_stop",
    "stand_then_walk", "walk_then_run", "run_then_stop", "jump", "jump_forward", "jump_repeated", "hop",
    "raise_right_hand", "raise_left_hand", "raise_both_hands", "right_hand_shoulder_high", "left_hand_shoulder_high",
    "both_hands_shoulder_high", "wave_right_hand", "wave_left_hand", "crouch", "crouch_walk", "sit_down", "sit",
    "stand_up", "bend_over", "reach_down", "lie_down", "lie", "get_up", "kick_right", "kick_left", "punch_right",
    "punch_left", "kneel", "steps",
)  # fmt: skip

RUN = 1.9  # m/s; people change from walking to jogging at about 2
DEGREES = np.pi / 180


def caption_keys(facts: Facts) -> list[str]:
    """The keys that apply, most telling first: postures and single actions before ways of getting about, those before
    where the hands are, and the number of steps last. Empty when the motion is none of them."""
    keys = _posture(facts) + _actions(facts) + _hands(facts)
    keys += _locomotion(facts, posed=bool(keys))
    if 2 <= facts.steps <= 12 and facts.travel > 0.5:
        keys.append("steps")
    return list(dict.fromkeys(keys))


def _share(facts: Facts, posture: str) -> float:
    return facts.postures[posture] / facts.seconds


def _posture(f: Facts) -> list[str]:
    low, up = ("lying", "sitting", "kneeling"), ("standing",)
    keys = []
    if f.end_posture == "lying" and f.start_posture != "lying":
        keys.append("lie_down")
    elif f.start_posture == "lying" and f.end_posture != "lying":
        keys.append("get_up")
    elif _share(f, "lying") > 0.8:
        keys.append("lie")
    if f.end_posture == "sitting" and f.start_posture in up and f.pelvis_end < 0.75:
        keys.append("sit_down")
    elif f.start_posture in low[1:] and f.end_posture in up and f.pelvis_start < 0.75:
        keys.append("stand_up")
    elif _share(f, "sitting") > 0.8:
        keys.append("sit")
    if f.postures["kneeling"] > 0.7:
        keys.append("kneel")
    if f.postures["crouched"] > 0.6 and f.speed < RUN:  # runners bend their knees as well
        if f.travel > 0.8 and _share(f, "crouched") > 0.6:
            keys.append("crouch_walk")
        elif f.pelvis_lowest < 0.78:
            keys.append("crouch")
    if f.postures["bent"] > 0.4:
        keys.append("bend_over")
    if min(f.left_arm.lowest, f.right_arm.lowest) < 0.3 and f.postures["bent"] + f.postures["crouched"] > 0.3:
        keys.append("reach_down")
    return keys


def _actions(f: Facts) -> list[str]:
    keys = []
    if f.jumps and f.jump_height > (0.15 if f.speed > RUN else 0.08):  # a run's flight is no jump
        if f.one_legged > 0.7 and f.jumps >= 2:
            keys.append("hop")
        elif f.jumps >= 3 and f.travel < 1.0 * f.jumps:
            keys.append("jump_repeated")
        elif f.forward > 0.6 and f.travel < 2.5 * f.jumps:
            keys.append("jump_forward")
        else:
            keys.append("jump")
    for side in ("right", "left"):
        leg = f.leg(side)
        if leg.kicks and leg.kick_height > 0.4 and leg.kick_speed > 2.0:
            keys.append(f"kick_{side}")
    for side in ("right", "left"):
        if f.arm(side).punches and f.arm(side).speed > 2.6 and not f.jumps and f.speed < RUN:
            keys.append(f"punch_{side}")
    return keys


def _hands(f: Facts) -> list[str]:
    keys = []
    waving = [s for s in ("right", "left") if f.arm(s).waves >= 2 and _brisk(f, s)]
    if len(waving) == 1 or f.hands_together_up < 2:
        keys += [f"wave_{s}_hand" for s in waving]
    upright = f.postures["lying"] < 0.2 * f.seconds
    # the head joint lies at the base of the skull: a hand at the mouth is above it too
    raised = [s for s in ("right", "left") if f.arm(s).over_head > 0.15 and f.arm(s).above_head * f.seconds > 0.2]
    if upright and len(raised) == 2 and f.hands_together_up:
        keys.append("raise_both_hands")
    elif upright:
        keys += [f"raise_{s}_hand" for s in raised]
    level = [
        s for s in ("right", "left")
        if s not in raised and f.arm(s).over_shoulder > -0.06 and f.arm(s).above_shoulder * f.seconds > 0.3
    ]  # fmt: skip
    if upright and len(level) == 2:
        keys.append("both_hands_shoulder_high")
    elif upright:
        keys += [f"{s}_hand_shoulder_high" for s in level]
    return keys


def _brisk(f: Facts, side: str) -> bool:
    """Whether the strokes of a wave follow one another: slower ones are an arm that is moved about."""
    lasted = sum(e.end - e.start for e in f.events if e.what == f"{side}_wave")
    return f.arm(side).waves >= 1.2 * lasted


def _locomotion(f: Facts, posed: bool) -> list[str]:
    """How the body gets about and turns. ``posed``: something else already tells the motion."""
    turn, keys = f.turn / DEGREES, []
    if f.torso_tilt > 100 * DEGREES:  # head over heels: no heading to speak of
        return keys
    side = "left" if turn > 0 else "right"
    if f.range < 0.25 and abs(turn) < 20:
        return [] if posed and f.postures["standing"] < 0.5 * f.seconds else ["stand_still"] * (f.travel < 0.6)
    if f.postures["crouched"] + f.postures["kneeling"] + f.postures["lying"] > 0.6 * f.seconds:
        return keys
    if f.travel / f.seconds < 0.25 and f.range < 0.6:
        return _turn_in_place(abs(turn), side)
    going = max(f.speed, 0.5 * f.max_speed)
    pure = abs(f.left_speed) > max(1.2 * abs(f.forward_speed), 0.5 * f.speed, 0.15) and abs(f.left) > 0.25
    leaping = f.jump_height > 0.08 and f.steps < 2 + 2 * f.jumps and f.speed < RUN
    if leaping:  # covers ground, but neither walks nor runs
        return keys
    if f.range < 1.2 and abs(turn) > 150:
        keys += _turn_in_place(abs(turn), side)
    elif pure:
        keys.append("sidestep_left" if f.left_speed > 0 else "sidestep_right")
    elif f.forward_speed < -max(0.15, 0.5 * f.speed):
        keys.append("walk_backward")
    elif f.forward_speed > max(0.15, 0.6 * f.speed):
        keys += _changes(f)
        running = f.speed > RUN or (f.max_speed > 1.4 * RUN and f.speed > 0.75 * RUN)
        word = "run" if running else "walk"
        if abs(turn) > 35:
            turning = sum(e.end - e.start for e in f.events if e.what.startswith("turn_"))
            sudden = turning < 2.3 and f.total_turn < 1.5 * abs(f.turn)
            keys += [f"walk_circle_{side}"] * (abs(turn) > 200 and not running and not sudden)
            keys += [f"turn_around_{side}"] * (140 < abs(turn) < 230 and sudden) + [f"{word}_turn_{side}"]
        straight = abs(turn) <= 35
        if running:
            keys += ["run_fast"] * (going > 3.8) + ["run_forward"] * (going > 2.4 and straight)
            keys += ["jog_forward"] * (going < 2.9 and straight)
        else:
            keys += ["walk_fast"] * (going > 1.55) + ["walk_slow"] * (going < 0.85) + ["walk_forward"] * straight
    elif abs(turn) > 20:
        keys += _turn_in_place(abs(turn), side)
    if 12 < abs(turn) <= 35 and f.seconds > 1 and not pure:
        keys.append(f"turn_{side}_slight")
    return keys


def _turn_in_place(degrees: float, side: str) -> list[str]:
    if degrees >= 280:
        return [f"spin_{side}"]
    if degrees >= 140:
        return [f"turn_around_{side}"]
    return [f"turn_{side}"] if degrees > 40 else [f"turn_{side}_slight"] * (degrees > 15)


def _changes(f: Facts) -> list[str]:
    """Speeding up and coming to a stop."""
    if f.seconds < 1.6:
        return []
    if f.end_speed < 0.25 and f.max_speed > 0.8:
        return ["run_then_stop" if f.max_speed > 1.3 * RUN else "walk_then_stop"]
    if f.start_speed < 0.25 and f.last_speed > 0.6:
        return ["stand_then_walk"] * (f.max_speed < 1.3 * RUN)
    if 0.5 < f.first_speed < RUN and f.last_speed > RUN and f.last_speed - f.first_speed > 0.8:
        return ["walk_then_run"]
    return []
