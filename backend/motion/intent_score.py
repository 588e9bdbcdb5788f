"""One measure a verb: how well facts satisfy a wanted action, 0..1. Used through ``intent.score``."""

from __future__ import annotations

import numpy as np

from .facts import Facts

NEUTRAL = 0.5


def ramp(x: float, low: float, high: float) -> float:
    """0 at ``low``, 1 at ``high`` (which may be the smaller one), linear between; a step where they are one."""
    if high == low:
        return float(x >= low)
    return float(np.clip((x - low) / (high - low), 0.0, 1.0))


def band(x: float, low: float, full: float, full_end: float, high: float) -> float:
    return min(ramp(x, low, full), ramp(x, high, full_end))


def pace(f: Facts) -> float:
    """Mean speed while moving, m/s: "walks, then stops" is not a slow walk."""
    moving = sum(e.end - e.start for e in f.events if e.what == "move")
    return f.travel / max(moving, 0.3) if moving else f.speed


def judge(facts: Facts, slots: dict) -> tuple[float, list[str]]:
    actions = slots.get("actions") or []
    if not actions:
        return NEUTRAL, ["no word of the prompt can be measured"]
    parts, reasons = [], []
    for action in actions:
        value = _action(facts, action, alone=len(actions) == 1)
        measured = value is not None
        parts.append((1.0 if measured else 0.5, value if measured else NEUTRAL))
        reasons.append(f"{_name(action)}: " + (f"{value:.2f}" if measured else "not measurable"))
    if len({a["order"] for a in actions}) > 1:
        value = _order(facts, actions)
        if value is not None:
            parts.append((0.5, value))
            reasons.append(f"order: {value:.2f}")
    extra = _unasked(facts, {a["verb"] for a in actions}, actions)
    if extra is not None:
        parts.append((0.4, extra[0]))
        reasons += extra[1]
    total = sum(w for w, _ in parts)
    return float(sum(w * v for w, v in parts) / total), reasons


def _name(action: dict) -> str:
    said = [action["verb"], action["side"], action["direction"], action["turn"], action["speed"]]
    return " ".join(str(s) for s in dict.fromkeys(said) if s is not None)


def _action(f: Facts, a: dict, alone: bool) -> float | None:
    verb = a["verb"]
    if verb in ("walk", "run", "jog", "sidestep"):
        return _travel(f, a)
    if verb in ("turn", "spin"):
        return _turn(f, a)
    if verb in ("raise", "wave", "punch", "kick", "raise_leg"):
        return _limb(f, a)
    if verb in ("jump", "hop", "jumping_jacks"):
        return _jump(f, a)
    return _posture(f, a, alone)


def _travel(f: Facts, a: dict) -> float:
    fast = pace(f)
    if a["direction"] == "in_place":
        return 0.5 * ramp(f.range, 1.5, 0.5) + 0.5 * ramp(f.steps / f.seconds, 0.2, 1.2)
    values = [ramp(f.travel, 0.1, min(1.2, 0.5 * f.seconds))]
    if a["verb"] == "run":
        values.append(ramp(fast, 1.3, 2.4) if a["speed"] != "fast" else ramp(fast, 1.8, 3.5))
    elif a["verb"] == "jog":
        values.append(band(fast, 1.2, 1.8, 3.2, 4.2))
    elif a["verb"] == "walk":
        limits = {"slow": (0.1, 0.3, 0.85, 1.2), "fast": (1.0, 1.5, 2.0, 2.6)}
        values.append(band(fast, *limits.get(a["speed"], (0.4, 0.85, 1.7, 2.3))))
    share_forward = f.forward_speed / max(f.speed, 0.05)
    share_left = f.left_speed / max(f.speed, 0.05)
    turn = np.rad2deg(f.turn)
    direction = a["direction"]
    if a["verb"] == "sidestep":
        values[0] = ramp(f.travel, 0.1, 0.6)
        wanted = {"left": share_left, "right": -share_left}.get(direction, abs(share_left))
        values.append(ramp(wanted, 0.1, 0.7) * ramp(abs(f.forward_speed), 0.8, 0.3))
    elif direction == "backward":
        values.append(ramp(-share_forward, 0.0, 0.7))
    elif direction in ("left", "right"):
        sign = 1.0 if direction == "left" else -1.0
        values.append(max(ramp(sign * turn, 10, 50), ramp(sign * share_left, 0.15, 0.6)))
    else:
        values.append(ramp(share_forward, 0.2, 0.8))
    if a["turn"] == "circle" or isinstance(a["turn"], float):
        values.append(ramp(abs(turn) if a["turn"] == "circle" else turn * np.sign(a["turn"]), 60, 240))
    if a["count"] and a["count"] > 1:
        values.append(ramp(abs(f.steps - a["count"]), 3, 0))
    return min(values) * 0.5 + float(np.mean(values)) * 0.5


def _turn(f: Facts, a: dict) -> float:
    turn, wanted = float(np.rad2deg(f.turn)), a["turn"]
    size = 360.0 if a["verb"] == "spin" else 90.0
    if wanted == "around":
        size = 180.0
    elif isinstance(wanted, float):
        size = abs(wanted)
    if wanted == "left" or (isinstance(wanted, float) and wanted > 0):
        seen = turn
    elif wanted == "right" or isinstance(wanted, float):
        seen = -turn
    else:
        seen = abs(turn)
    if a["verb"] == "spin":
        return ramp(seen, 100, 330)
    return band(seen, 0.15 * size, 0.7 * size, 1.5 * size, 2.5 * size)


def _limb(f: Facts, a: dict) -> float:
    sides = ["left", "right"] if a["side"] == "both" else [a["side"]] if a["side"] else None
    if a["verb"] in ("kick", "raise_leg"):

        def one(side):
            leg = f.leg(side)
            if a["verb"] == "raise_leg":
                return ramp(leg.ankle_height, 0.12, 0.4)
            return 0.6 * ramp(leg.kick_height, 0.2, 0.5) + 0.4 * ramp(leg.kick_speed, 1.0, 3.0)
    elif a["verb"] == "raise":

        def one(side):
            return 0.8 * ramp(f.arm(side).over_head, -0.4, 0.08) + 0.2 * ramp(f.arm(side).above_head, 0.0, 0.2)
    elif a["verb"] == "wave":

        def one(side):
            arm = f.arm(side)
            return 0.35 * ramp(arm.over_shoulder, -0.3, 0.05) + 0.65 * ramp(arm.waves, 0, 3)
    else:

        def one(side):
            arm = f.arm(side)
            strike = 0.4 * (arm.punches > 0) + 0.3 * ramp(arm.speed, 1.2, 2.6) + 0.3 * ramp(arm.extension, 0.4, 0.8)
            if a["count"] and a["count"] > 1:
                strike *= 0.7 + 0.3 * ramp(abs(arm.punches - a["count"]), 3, 0)
            return strike

    if sides is None:
        return max(one("left"), one("right"))
    value = min(one(s) for s in sides)
    if len(sides) == 1:  # the other one should rest
        value *= 1.0 - 0.4 * max(0.0, one("left" if sides[0] == "right" else "right") - 0.3)
    return value


def _jump(f: Facts, a: dict) -> float:
    if a["verb"] == "jumping_jacks":
        hands = max(
            ramp(f.hands_together_up, 0, 2), 0.7 * ramp(min(f.left_arm.over_head, f.right_arm.over_head), -0.3, 0)
        )
        return 0.6 * hands + 0.25 * ramp(f.feet_apart, 0.25, 0.5) + 0.15 * ramp(f.range, 1.5, 0.6)
    high = ramp(f.jump_height, 0.0, 0.12 if a["verb"] == "jump" else 0.06)
    values = [high]
    if a["verb"] == "hop":
        values.append(ramp(f.one_legged, 0.3, 0.7))
    if a["direction"] == "forward":
        values.append(ramp(f.forward, 0.1, 0.6))
    elif a["direction"] == "backward":
        values.append(ramp(-f.forward, 0.05, 0.4))
    elif a["direction"] in ("up", "in_place"):
        values.append(ramp(f.range, 1.2, 0.5))
    if a["count"]:
        values.append(ramp(abs(f.jumps - a["count"]), 2, 0))
    return 0.6 * high + 0.4 * float(np.mean(values))


def _posture(f: Facts, a: dict, alone: bool) -> float | None:
    verb = a["verb"]
    share = {name: seconds / f.seconds for name, seconds in f.postures.items()}
    if verb == "stand":
        still = max((e.end - e.start for e in f.events if e.what == "still"), default=0.0)
        if alone:
            return ramp(f.range, 0.6, 0.15) * ramp(share["standing"], 0.3, 0.9) * ramp(abs(f.turn), 1.2, 0.4)
        return ramp(still, 0.0, min(1.0, 0.3 * f.seconds))
    if verb == "stop":
        return 0.7 * ramp(f.end_speed, 0.6, 0.15) + 0.3 * ramp(f.max_speed, 0.2, 0.6)
    if verb == "sit":
        started = 0.15 * (f.start_posture in ("standing", "crouched"))
        return (
            0.85 * max(ramp(f.pelvis_end, 0.92, 0.68) * (f.end_posture != "lying"), ramp(share["sitting"], 0, 0.4))
            + started
        )
    if verb == "stand_up":
        return 0.5 * ramp(f.pelvis_end, 0.7, 0.92) + 0.5 * ramp(f.pelvis_start, 0.95, 0.7)
    if verb == "crouch":
        return 0.6 * ramp(f.pelvis_lowest, 0.92, 0.72) + 0.4 * ramp(1.0 - share["standing"], 0.1, 0.5)
    if verb == "kneel":
        return max(ramp(share["kneeling"], 0.0, 0.3), 0.5 * ramp(f.pelvis_lowest, 0.8, 0.5))
    if verb == "bend":
        return max(ramp(f.torso_tilt, 0.4, 0.9), ramp(share["bent"], 0.0, 0.2))
    if verb == "pick_up":
        return ramp(min(f.left_arm.lowest, f.right_arm.lowest), 0.7, 0.25)
    if verb == "lie":
        return max(ramp(share["lying"], 0.0, 0.3), 0.5 * ramp(f.pelvis_end, 0.6, 0.25))
    if verb == "fall":
        return ramp(f.pelvis_lowest, 0.9, 0.35)
    if verb == "crawl":
        return ramp(f.pelvis_lowest, 0.8, 0.5) * (0.5 + 0.5 * ramp(f.travel, 0.1, 0.8))
    if verb == "climb":
        return None
    return None


# verb -> the event that shows when it happens
_EVENT = {
    "walk": "move", "run": "move", "jog": "move", "sidestep": "move", "stand": "still", "stop": "still", "jump": "jump",
    "hop": "jump", "sit": "sitting", "crouch": "crouched", "bend": "bent", "kneel": "kneeling", "lie": "lying",
}  # fmt: skip
_LIMB_EVENT = {"raise": "hand_up", "wave": "wave", "kick": "kick", "punch": "punch"}


def _spans(f: Facts, a: dict) -> list:
    if a["verb"] in ("turn", "spin"):
        names = {"left": ("turn_left",), "right": ("turn_right",)}.get(a["turn"], ("turn_left", "turn_right"))
    elif a["verb"] in _LIMB_EVENT:
        sides = (a["side"],) if a["side"] in ("left", "right") else ("left", "right")
        names = tuple(f"{s}_{_LIMB_EVENT[a['verb']]}" for s in sides)
    else:
        names = (_EVENT.get(a["verb"]),)
    return [e for e in f.events if e.what in names]


def _order(f: Facts, actions: list[dict]) -> float | None:
    """Share of neighbours in the prompt's order that happen in this order; None when none can be told."""
    values = []
    for a in actions:
        for b in actions:
            if b["order"] == a["order"] + 1:
                first, second = _spans(f, a), _spans(f, b)
                if first and second:
                    # the later of its happenings counts for what comes second, the earlier for what comes first
                    gap = max(e.start for e in second) - min(e.start for e in first)
                    values.append(ramp(gap, -0.1, 0.4))
    return float(np.mean(values)) if values else None


def _unasked(f: Facts, verbs: set[str], actions: list[dict]) -> tuple[float, list[str]] | None:
    """What nobody asked for: large moves beside the wanted ones. None when a verb could well bring them along."""
    measurable = {"walk", "run", "jog", "sidestep", "stand", "stop", "turn", "spin", "jump", "hop", "jumping_jacks",
                  "raise", "wave", "punch", "kick", "sit", "stand_up", "crouch", "kneel"}  # fmt: skip
    if not verbs <= measurable:
        return None
    value, reasons = 1.0, []
    travels = {"walk", "run", "jog", "sidestep", "jump", "hop", "stop"}
    turns = {"turn", "spin"}
    asked_turn = bool(verbs & turns) or any(a["turn"] or a["direction"] in ("left", "right") for a in actions)

    def penalise(amount: float, what: str):
        nonlocal value
        if amount > 0.05:
            value -= amount
            reasons.append(f"unasked {what}")

    if not asked_turn:
        penalise(0.5 * ramp(abs(np.rad2deg(f.turn)), 35, 120), "turn")
    if not verbs & (travels | turns | {"stand_up", "sit"}):
        penalise(0.5 * ramp(f.range, 0.6, 2.0), "travel")
    if not verbs & {"jump", "hop", "jumping_jacks"}:
        penalise(0.5 * ramp(f.jump_height, 0.1, 0.25), "jump")
    if not verbs & {"raise", "wave", "jumping_jacks", "jump", "punch"}:
        highest = max(f.left_arm.over_head, f.right_arm.over_head)
        penalise(0.4 * ramp(highest, -0.05, 0.25), "raised hand")
    if not verbs & {"kick", "jump", "hop", "jumping_jacks", "run"}:
        penalise(0.3 * (f.left_leg.kicks + f.right_leg.kicks > 0), "kick")
    if not verbs & {"sit", "stand_up", "crouch", "kneel", "jump", "run"}:
        penalise(0.6 * ramp(f.postures["standing"] / f.seconds, 0.9, 0.5), "low posture")
    return max(0.0, value), reasons
