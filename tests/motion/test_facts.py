"""Facts of motions whose truth is known because they are built here."""

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.fact_words import KEYS, caption_keys
from backend.motion.facts import measure
from backend.motion.intent import score, slots_of
from backend.motion.motion import Motion
from backend.motion.skeleton import Skeleton, canonical

SKELETON = canonical()
REST = SKELETON.hip_height
DOWN = {"left_shoulder": rot.from_axis_angle([0, 0, 1.0], np.array(-1.3)),
        "right_shoulder": rot.from_axis_angle([0, 0, 1.0], np.array(1.3))}  # fmt: skip


def build(seconds, fps, speed=0.0, sideways=0.0, turn=0.0, height=0.0, pose=None, step=0.0):
    """A motion from functions of time (or constants): speed along the facing, total turn, extra root height, and
    ``pose``: {joint: (T, 4) or (4,)}. ``step`` swings the legs (radians) once a second a side."""
    t = np.arange(round(seconds * fps) + 1) / fps
    value = lambda v: v(t) if callable(v) else np.full(len(t), v, float)  # noqa: E731
    yaw = value(turn) if callable(turn) else turn * t / seconds
    along, aside = value(speed), value(sideways)
    v = np.stack([along * np.sin(yaw) + aside * np.cos(yaw), 0 * t, along * np.cos(yaw) - aside * np.sin(yaw)], -1)
    root = np.concatenate([np.zeros((1, 3)), np.cumsum((v[1:] + v[:-1]) / 2 / fps, 0)])
    root[:, 1] = REST + value(height)
    rotations = np.tile(rot.IDENTITY, (len(t), len(SKELETON), 1))
    for name, q in {**DOWN, **(pose(t) if callable(pose) else pose or {})}.items():
        rotations[:, SKELETON.index(name)] = q
    if step:
        swing = step * np.sin(2 * np.pi * t)
        for side, sign in (("left", 1.0), ("right", -1.0)):
            rotations[:, SKELETON.index(f"{side}_hip")] = rot.from_axis_angle([1.0, 0, 0], sign * swing)
    rotations[:, 0] = rot.multiply(rot.about_y(yaw), rotations[:, 0])
    return Motion(SKELETON, root, rotations, fps)


def about_x(angle):
    return rot.from_axis_angle(np.array([1.0, 0, 0]), np.asarray(angle))


def arm_up(side):
    return {f"{side}_shoulder": rot.from_axis_angle([0, 0, 1.0], np.array(1.3 if side == "left" else -1.3))}


def waving(t):
    """Right arm up, the whole arm swinging sideways twice a second after the first half second."""
    angle = -1.1 + 0.4 * np.sin(2 * np.pi * 2 * t) * (t > 0.5)
    return {"right_shoulder": rot.from_axis_angle(np.array([0, 0, 1.0]), angle)}


def seated(t):
    """Thighs level after the second second."""
    amount = np.clip(t - 1.0, 0.0, 1.0)
    hips, knees = about_x(-1.5 * amount), about_x(1.5 * amount)
    return {"left_hip": hips, "right_hip": hips, "left_knee": knees, "right_knee": knees}


def sitting(fps=30):
    return build(4.0, fps, pose=seated, height=lambda t: 0.405 * (np.cos(1.5 * np.clip(t - 1, 0, 1)) - 1))


def jumping(fps=30, top=0.3):
    return build(3.0, fps, height=lambda t: np.maximum(0.0, top - 0.5 * 9.81 * (t - 1.5) ** 2))


RATES = (20, 30, 60)


@pytest.mark.parametrize("fps", RATES)
def test_straight_walk(fps):
    facts = measure(build(4.0, fps, speed=1.2))
    assert facts.forward_speed == pytest.approx(1.2, abs=0.01)
    assert facts.speed == pytest.approx(1.2, abs=0.01) and facts.last_speed == pytest.approx(1.2, abs=0.01)
    assert facts.left_speed == pytest.approx(0.0, abs=0.01) and facts.forward == pytest.approx(4.8, abs=0.01)
    assert facts.travel == pytest.approx(4.8, rel=0.02) and facts.turn == pytest.approx(0.0, abs=1e-3)
    assert caption_keys(facts)[0] == "walk_forward" and not facts.jumps
    assert [e.what for e in facts.events] == ["move"]


@pytest.mark.parametrize("fps", RATES)
def test_facts_do_not_depend_on_place_heading_or_floor(fps):
    motion = build(3.0, fps, speed=1.0, turn=1.0, pose=waving, step=0.4)
    here, there = measure(motion).to_dict(), measure(motion.moved(2.2, (5.0, 0.7, -3.0))).to_dict()
    _same(here, there, 1e-6)


def _same(a, b, tolerance):
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            _same(a[key], b[key], tolerance)
    elif isinstance(a, (tuple, list)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            _same(x, y, tolerance)
    elif isinstance(a, float):
        assert a == pytest.approx(b, abs=tolerance)
    else:
        assert a == b


def test_facts_agree_between_rates():
    results = [measure(build(3.0, fps, speed=1.0, turn=1.0, pose=waving, step=0.5)) for fps in RATES]
    for facts in results[1:]:
        assert facts.steps == results[0].steps > 0
        assert facts.right_arm.waves == results[0].right_arm.waves
        assert facts.turn == pytest.approx(results[0].turn, abs=0.05)
        assert facts.right_arm.over_head == pytest.approx(results[0].right_arm.over_head, abs=0.02)
        assert caption_keys(facts) == caption_keys(results[0])


@pytest.mark.parametrize(("turn", "side"), [(1.4, "left"), (-1.4, "right")])
def test_turning_walk_has_the_sign_of_left(turn, side):
    facts = measure(build(4.0, 30, speed=1.1, turn=turn))
    assert facts.turn == pytest.approx(turn, abs=0.1)
    assert facts.forward_speed == pytest.approx(1.1, abs=0.02)
    assert np.sign(facts.left) == np.sign(turn)
    assert caption_keys(facts)[0] == f"walk_turn_{side}"


def test_backward_sideways_and_still():
    assert caption_keys(measure(build(3.0, 30, speed=-0.8)))[0] == "walk_backward"
    left = measure(build(3.0, 30, sideways=0.6))
    assert left.left_speed == pytest.approx(0.6, abs=0.01) and caption_keys(left)[0] == "sidestep_left"
    assert caption_keys(measure(build(3.0, 30, sideways=-0.6)))[0] == "sidestep_right"
    assert caption_keys(measure(build(3.0, 30))) == ["stand_still"]
    assert caption_keys(measure(build(4.0, 30, turn=2 * np.pi))) == ["spin_left"]
    assert caption_keys(measure(build(3.0, 30, speed=3.2)))[0] == "run_forward"


def test_stopping_and_starting():
    stop = measure(build(4.0, 30, speed=lambda t: np.clip(1.2 * (3.0 - t), 0.0, 1.2)))
    assert stop.end_speed < 0.1 and "walk_then_stop" in caption_keys(stop)
    start = measure(build(4.0, 30, speed=lambda t: np.clip(1.2 * (t - 1.0), 0.0, 1.2)))
    assert "stand_then_walk" in caption_keys(start)
    run = measure(build(4.0, 30, speed=lambda t: 1.2 + 2.0 * (t > 2)))
    assert "walk_then_run" in caption_keys(run)


@pytest.mark.parametrize("side", ["left", "right"])
def test_raised_arm(side):
    other = "left" if side == "right" else "right"
    facts = measure(build(2.0, 30, pose=arm_up(side)))
    assert facts.arm(side).over_head > 0.15 and facts.arm(side).above_head == 1.0
    assert facts.arm(other).over_head < -0.3 and facts.arm(other).above_shoulder == 0.0
    assert f"raise_{side}_hand" in caption_keys(facts) and f"raise_{other}_hand" not in caption_keys(facts)
    both = measure(build(2.0, 30, pose={**arm_up("left"), **arm_up("right")}))
    assert "raise_both_hands" in caption_keys(both) and both.hands_together_up == 1


@pytest.mark.parametrize("fps", RATES)
def test_wave(fps):
    facts = measure(build(3.0, fps, pose=waving))
    assert facts.right_arm.waves in (9, 10) and facts.left_arm.waves == 0
    assert caption_keys(facts)[0] == "wave_right_hand"


@pytest.mark.parametrize("fps", RATES)
def test_jump(fps):
    facts = measure(jumping(fps))
    assert facts.jumps == 1 and facts.jump_height == pytest.approx(0.3, abs=0.02)
    assert caption_keys(facts)[0] == "jump"


def test_walking_on_air_is_no_jump():
    assert measure(build(4.0, 30, height=lambda t: 0.5 * (t > 1))).jumps == 0


@pytest.mark.parametrize("fps", RATES)
def test_sitting_down_and_standing_up(fps):
    facts = measure(sitting(fps))
    assert facts.end_posture == "sitting" and facts.start_posture == "standing"
    assert facts.pelvis_end < 0.72 and caption_keys(facts)[0] == "sit_down"
    motion = sitting(fps)
    back = Motion(SKELETON, motion.root[::-1], motion.rotations[::-1], fps)
    assert caption_keys(measure(back))[0] == "stand_up"


def test_bending_and_lying():
    bent = measure(build(3.0, 30, pose={"spine1": about_x(1.2)}))
    assert bent.postures["bent"] == pytest.approx(bent.seconds) and "bend_over" in caption_keys(bent)
    lying = measure(build(3.0, 30, pose={"pelvis": about_x(-np.pi / 2)}, height=0.1 - REST))
    assert caption_keys(lying) == ["lie"]


def test_kick_and_punch():
    kick = measure(build(2.0, 30, pose=lambda t: {"right_hip": about_x(-1.3 * np.exp(-(((t - 1.0) / 0.15) ** 2)))}))
    assert kick.right_leg.kicks == 1 and kick.left_leg.kicks == 0 and kick.right_leg.kick_height > 0.4
    assert caption_keys(kick)[0] == "kick_right" and kick.jumps == 0

    def strike(t):
        out = np.exp(-(((t - 1.0) / 0.12) ** 2))
        # the upper arm swings from hanging to straight ahead, the forearm from bent to straight
        upper = rot.multiply(about_x(-np.pi / 2 * out), DOWN["left_shoulder"])
        return {"left_shoulder": upper}

    punch = measure(build(2.0, 30, pose=strike))
    assert punch.left_arm.speed > 2.0 and punch.right_arm.speed < 0.1 and punch.left_arm.extension > 0.9


def test_bad_and_tiny_input():
    with pytest.raises(ValueError, match="retarget"):
        measure(Motion(Skeleton("other", ("hips",), (-1,), np.zeros((1, 3))), np.zeros((2, 3)),
                       np.tile(rot.IDENTITY, (2, 1, 1))))  # fmt: skip
    one = build(1.0, 30)[:1]
    assert measure(one).speed == 0.0 and measure(one[:1]).steps == 0
    assert set(caption_keys(measure(one))) <= set(KEYS)


def verbs(text):
    return [(a["verb"], a["order"]) for a in slots_of(text)["actions"]]


def test_prompts_become_slots():
    assert verbs("A man walks forward, then waves with his right hand.") == [("walk", 0), ("wave", 1)]
    assert slots_of("waves with the left hand")["side"] == "left"
    assert verbs("she sits down after running") == [("run", 0), ("sit", 1)]
    assert verbs("walking while waving") == [("walk", 0), ("wave", 0)]
    assert slots_of("turn to the right")["turn"] == "right"
    assert slots_of("rotate 90 degrees to the right")["turn"] == -90.0
    assert slots_of("strolls slowly backwards")["direction"] == "backward"
    assert slots_of("slowly walks")["speed"] == "slow"
    assert slots_of("hops three times")["count"] == 3 and slots_of("takes two steps forward")["count"] == 2
    assert verbs("steps to the left") == [("sidestep", 0)] and slots_of("steps to the left")["direction"] == "left"
    assert slots_of("raises both hands")["side"] == "both" and slots_of("throw your hands up")["verb"] in (
        "throw",
        "raise",
    )
    assert verbs("the person spins clockwise") == [("spin", 0)]
    assert verbs("do some jumping jacks") == [("jumping_jacks", 0)]
    assert verbs("stands still without moving") == [("stand", 0)]
    assert slots_of("")["actions"] == [] and slots_of("xyzzy")["unknown"] == ["xyzzy"]
    assert slots_of("walk 🕺 90° “fast” …")["unknown"] == ["🕺"]
    for letter in "x走":
        (word,) = slots_of(500 * letter)["unknown"]
        assert word == 29 * letter + "…"


def test_the_fitting_motion_scores_best():
    motions = {
        "a person walks forward": build(4.0, 30, speed=1.2, step=0.4),
        "someone runs": build(4.0, 30, speed=3.2, step=0.5),
        "walks backwards": build(4.0, 30, speed=-0.9, step=0.4),
        "walking and turning left": build(4.0, 30, speed=1.2, turn=1.5, step=0.4),
        "walking and turning right": build(4.0, 30, speed=1.2, turn=-1.5, step=0.4),
        "jumps in place": jumping(),
        "sits down": sitting(),
        "raises the left arm": build(2.0, 30, pose=arm_up("left")),
        "raises the right arm": build(2.0, 30, pose=arm_up("right")),
        "waves with the right hand": build(3.0, 30, pose=waving),
        "stands still": build(3.0, 30),
        "spins around": build(3.0, 30, turn=6.3),
        "side steps to the right": build(3.0, 30, sideways=-0.6, step=0.1),
        "walks forward, then stops": build(4.0, 30, speed=lambda t: np.clip(1.2 * (3.0 - t), 0.0, 1.2), step=0.2),
    }
    facts = {text: measure(m) for text, m in motions.items()}
    for text in motions:
        scores = {other: score(f, slots_of(text))[0] for other, f in facts.items()}
        assert scores[text] > 0.8, (text, score(facts[text], slots_of(text)))
        if text != "a person walks forward":  # who stops also walked
            assert max(scores, key=scores.get) == text, (text, scores)
    assert score(facts["stands still"], slots_of("dances the polka"))[0] == 0.5


def test_order_counts():
    def up(first):
        def pose(t):
            on = (t < 1.5) if first else (t > 2.5)
            angle = np.where(on, -1.3, 1.3)
            return {"right_shoulder": rot.from_axis_angle(np.array([0, 0, 1.0]), angle)}

        return pose

    walk_first = build(4.0, 30, speed=lambda t: 1.0 * (t < 2), pose=up(False), step=0.3)
    raise_first = build(4.0, 30, speed=lambda t: 1.0 * (t > 2), pose=up(True), step=0.3)
    wanted = slots_of("a person walks forward and then raises the right hand")
    assert score(measure(walk_first), wanted)[0] > score(measure(raise_first), wanted)[0] + 0.1


@pytest.mark.parametrize("between", ["\n", "\t", "/", "\U0001f600", "\u2014", "&"])
def test_what_stands_between_words_parts_them(between):
    wanted = slots_of(f"walk{between}forward, don't stop")
    assert wanted["verb"] == "walk" and wanted["direction"] == "forward" and "walkforward" not in wanted["unknown"]
