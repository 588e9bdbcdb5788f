"""Probe checks on motions built to pass and to fail, and the probe itself with a system that is not there."""

import argparse
import json

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from training import probe
from training.probes.checks import CHECKS, prompts
from training.probes.nearest import NearestCaption

SKELETON = canonical()
HANGING = {"left_shoulder": -1.3, "right_shoulder": 1.3}


def build(seconds=4.0, speed=0.0, aside=0.0, turn=0.0, height=0.0, raised=None, bend=None):
    """30 fps; ``raised``: joint -> angle about z (T,) or number, ``bend``: joint -> angle about x."""
    t = np.arange(round(seconds * 30) + 1) / 30
    of = lambda v: v(t) if callable(v) else np.full(len(t), float(v))  # noqa: E731
    yaw, along, left = turn * t / seconds, of(speed), of(aside)
    v = np.stack([along * np.sin(yaw) + left * np.cos(yaw), 0 * t, along * np.cos(yaw) - left * np.sin(yaw)], -1)
    root = np.cumsum(v, 0) / 30
    root[:, 1] = SKELETON.hip_height + of(height)
    rotations = np.tile(rot.IDENTITY, (len(t), 22, 1))
    for axis, angles in (([0, 0, 1.0], {**HANGING, **(raised or {})}), ([1.0, 0, 0], bend or {})):
        for name, angle in angles.items():
            rotations[:, SKELETON.index(name)] = rot.from_axis_angle(np.array(axis), of(angle))
    rotations[:, 0] = rot.about_y(yaw)
    return Motion(SKELETON, root, rotations, 30)


def sink(to):
    """Thighs from hanging to level between the first and second second: the pelvis ends ``to`` lower."""
    return {"bend": {f"{s}_{j}": (lambda t, k=sign: 1.5 * k * np.clip(t - 1, 0, 1))
                     for s in ("left", "right") for j, sign in (("hip", -1.0), ("knee", 1.0))},
            "height": lambda t: -to * np.clip(t - 1, 0, 1)}  # fmt: skip


def swing(centre, size, rate=2.0):
    return lambda t: centre + size * np.sin(2 * np.pi * rate * t)


MOTIONS = {
    "walk_forward": build(speed=1.2),
    "run_forward": build(speed=3.0),
    "stand_still": build(),
    "turn_left": build(speed=1.0, turn=1.4),
    "turn_right": build(speed=1.0, turn=-1.4),
    "jump": build(height=lambda t: np.maximum(0, 0.3 - 4.9 * (t - 2) ** 2)),
    "raise_right_hand": build(raised={"right_shoulder": -1.3}),
    "raise_left_hand": build(raised={"left_shoulder": 1.3}),
    "wave_right_hand": build(raised={"right_shoulder": swing(-0.9, 0.4)}),
    "walk_backward": build(speed=-0.8),
    "sit_down": build(**sink(0.4)),
    "crouch": build(**sink(0.3)),
    "kick": build(bend={"right_hip": lambda t: -1.3 * np.exp(-(((t - 2) / 0.15) ** 2))}),
    "sidestep_left": build(aside=0.5),
    "sidestep_right": build(aside=-0.5),
    "walk_then_stop": build(speed=lambda t: np.clip(1.2 * (3 - t), 0, 1.2)),
    "walk_slow": build(speed=0.6),
    "jumping_jacks": build(raised={"right_shoulder": swing(0, -1.3, 1), "left_shoulder": swing(0, 1.3, 1)}),
    "spin": build(turn=6.0),
}


def _punch():
    t = np.arange(61) / 30
    out = np.exp(-(((t - 1.0) / 0.12) ** 2))
    motion = build(2.0)
    rotations = motion.rotations.copy()
    i = SKELETON.index("right_shoulder")
    rotations[:, i] = rot.multiply(rot.from_axis_angle(np.array([1.0, 0, 0]), -np.pi / 2 * out), rotations[:, i])
    return Motion(SKELETON, motion.root, rotations, 30)


MOTIONS["punch"] = _punch()


@pytest.mark.parametrize("check", list(CHECKS))
def test_each_check_passes_its_motion_and_no_standing_one(check):
    passed, measured = CHECKS[check].test(MOTIONS[check])
    assert passed, measured
    passed, measured = CHECKS[check].test(build())
    assert passed == (check == "stand_still"), measured
    assert CHECKS[check].test.__doc__


@pytest.mark.parametrize(
    ("check", "other"),
    [("walk_forward", "run_forward"), ("run_forward", "walk_forward"), ("turn_left", "turn_right"),
     ("turn_right", "turn_left"), ("raise_left_hand", "raise_right_hand"), ("raise_right_hand", "raise_left_hand"),
     ("sidestep_left", "sidestep_right"), ("walk_then_stop", "walk_forward"), ("walk_slow", "walk_forward"),
     ("walk_backward", "walk_forward"), ("wave_right_hand", "raise_right_hand"), ("stand_still", "walk_slow"),
     ("jump", "run_forward"), ("sit_down", "crouch")],
)  # fmt: skip
def test_checks_tell_apart(check, other):
    assert not CHECKS[check].test(MOTIONS[other])[0]


def test_both_sets_have_a_prompt_for_each_check():
    for name in ("public", "heldout"):
        found = prompts(name)
        assert list(found) == list(CHECKS) and len(found) == 20
        assert all(text.strip() for text in found.values())
    assert not set(prompts("public").values()) & set(prompts("heldout").values())


ENTRIES = [
    {"id": "a", "sentences": ["a person walks forward"], "slots": {"verb": "walk"}, "seconds": 40.0},
    {"id": "b", "sentences": ["someone is standing still", "stand"], "slots": {"verb": "stand"}, "seconds": 5.0},
    {
        "id": "c",
        "sentences": ["a man jumps up high"],
        "slots": {"verb": "walk", "then": {"verb": "jump"}},
        "seconds": 9.0,
    },
]


def test_nearest_caption():
    nearest = NearestCaption(ENTRIES)
    assert [e["id"] for e in nearest.find("the person walks")] == ["a"]
    assert [e["id"] for e in nearest.find("stands still")] == ["b"]
    assert [e["id"] for e in nearest.find("jumps up")] == ["c"]
    tied = [{"id": str(i), "sentences": ["walk"], "slots": {}, "seconds": 1.0} for i in range(30)]
    assert len(NearestCaption(tied).find("walk")) == 20
    with pytest.raises(ValueError, match="captions"):
        NearestCaption([])


def test_data_seconds_look_into_joined_captions():
    assert probe.data_seconds(CHECKS["walk_forward"], ENTRIES) == 49.0
    assert probe.data_seconds(CHECKS["jump"], ENTRIES) == 9.0
    assert probe.data_seconds(CHECKS["walk_slow"], ENTRIES) == 0.0


def test_probe_reports_rates_baseline_and_little_data():
    by_prompt = {prompts("public")[k]: MOTIONS[k] for k in CHECKS}
    asked = []

    def generate(text, seed):
        asked.append((text, seed))
        return by_prompt[text] if seed == 0 else build()

    clips = {"a": MOTIONS["walk_forward"], "b": build(), "c": None}
    rows = probe.probe(generate, 2, ENTRIES, lambda e: clips[e["id"]], ("public",), say=lambda line: None)
    assert len(asked) == 40 and len(rows) == 20
    rates = {r.check: r.rate for r in rows}
    assert rates["walk_forward"] == 0.5 and rates["stand_still"] == 1.0
    walk = rows[0]
    assert walk.nearest == 1.0 and walk.nearest_ids == ["a"] and walk.data_seconds == 49.0
    result = json.loads(json.dumps(probe.summary(rows)))
    assert result["public"]["rate"] == pytest.approx((19 * 0.5 + 1) / 20)
    assert "stand_still" in result["little_data"] and "walk_forward" not in result["little_data"]
    printed = probe.table(rows)
    assert "overall" in printed and "little data" in printed and "walk_forward" in printed


def test_arguments():
    parser = argparse.ArgumentParser()
    probe.add_arguments(parser)
    args = parser.parse_args(["--seeds", "2", "--takes", "1", "--baseline-only"])
    assert args.seeds == 2 and args.takes == 1 and args.baseline_only
