"""How new frames meet the motions that are given."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from backend.motion import kinematics, resample
from backend.motion import rotations as rot
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from backend.protocol import Context, GenerateRequest, RequestError
from backend.systems.motiongpt2 import MotionGPT2
from tests.systems.fake_engine import FakeEngine, bundle, motion, only

RATES = (Fraction(24), Fraction(30), Fraction(120))
STILL = np.zeros(60, int)


def run(engine, **options):
    return MotionGPT2(bundle(), engine).generate(
        GenerateRequest(**options), lambda stage, fraction: None, lambda: False
    )


def swinging(fps, speed: float = 2.0) -> Motion:
    """Two seconds that walk at ``speed`` m/s, not in the middle of the scene, while an arm is raised at 2 rad/s."""
    given = resample.resample(motion(STILL).moved(0.7, (2.0, 0.0, 1.0)), fps)
    seconds = np.arange(len(given)) / float(fps)
    rotations = given.rotations.copy()
    vectors = np.zeros((len(given), 3))
    vectors[:, 2] = 2.0 * seconds
    rotations[:, canonical().index("left_shoulder")] = rot.exp(vectors)
    way = np.array([np.sin(0.7), 0.0, np.cos(0.7)])
    return replace(given, root=given.root + speed * seconds[:, None] * way, rotations=rotations)


def jerk(whole: Motion, frame: int) -> float:
    """By how many m/s the velocity of the fastest joint changes at ``frame``."""
    velocity = np.diff(kinematics.joint_positions(whole)[frame - 1 : frame + 2], axis=0) * float(whole.fps)
    return float(np.linalg.norm(np.diff(velocity, axis=0), axis=-1).max())


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_what_moves_moves_on_over_the_seams(fps):
    given = swinging(fps)
    count = len(given)
    (onward,), _ = run(FakeEngine(only(0)), fps=fps, seconds=2, context=Context(before=given))
    (lead,), report = run(FakeEngine(only(0)), fps=fps, seconds=2, context=Context(after=given))
    start = report.made[1]
    # 2 m/s and an arm of half a metre at 2 rad/s stop within the blend, not from one frame to the next
    for whole, seams in ((onward, (count - 1, count)), (lead, (start - 1, start))):
        assert max(jerk(whole, frame) for frame in seams) < 30.0 / float(fps) + 0.1
    assert np.linalg.norm(onward.root[-1] - onward.root[-2]) * float(fps) < 0.01, "it has come to rest"


def test_new_frames_that_are_far_from_what_is_given_come_near_without_a_jerk():
    sitting = motion(np.full(60, 8))
    (whole,), report = run(FakeEngine(only(0)), seconds=2, context=Context(before=sitting))
    at = report.made[0]
    assert max(jerk(whole, frame) for frame in range(at - 1, at + 20)) < 1.5


def test_a_way_that_nobody_walks_is_said():
    apart = motion(STILL).moved(0.0, (0.0, 0.0, 3.0))
    _, report = run(FakeEngine(only(0)), seconds=1.5, context=Context(motion(STILL), apart))
    assert report.warnings == (
        "what comes after begins 3 m from where the way of 1.5 seconds leads: the body slides there",
    )
    _, report = run(FakeEngine(only(0)), seconds=1.5, context=Context(motion(STILL), motion(STILL)))
    assert report.warnings == ()


def test_what_has_no_place_is_set_down_where_the_way_leads():
    before, after = motion(STILL), motion(np.ones(60, int)).moved(2.0, (7.0, 0.0, 3.0))
    engine, context = FakeEngine(only(1)), Context(before, after, placed=False)
    (whole,), report = run(engine, seconds=2, context=context)
    assert report.warnings == ("what comes after was set down where the new frames lead",)
    assert [Context.from_dict(c.to_dict()).placed for c in (context, Context(before))] == [False, True]
    with pytest.raises(RequestError, match="placed must be true or false"):
        Context.from_dict({**context.to_dict(), "placed": 1})
    start, stop = report.made
    assert np.array_equal(whole.root[:start], before.root)
    steps = np.linalg.norm(np.diff(whole.root[start:], axis=0), axis=1) * 30
    assert steps.max() < 2.0 and np.abs(whole.root[:, 0]).max() < 0.1, "straight on"
    # the motion itself is the same
    assert np.allclose(np.diff(whole.root[stop:, 1]), np.diff(after.root[:, 1]))
    assert np.allclose(whole.rotations[stop:, 1:], after.rotations[:, 1:])


def test_a_long_motion_costs_no_more_than_a_short_one(monkeypatch):
    posed = []
    forward = kinematics.forward
    monkeypatch.setattr(
        kinematics, "forward", lambda s, root, q: (posed.append(np.size(root) // 3), forward(s, root, q))[1]
    )
    counts = []
    for seconds in (2, 50):
        posed.clear()
        given = resample.resample(motion(STILL), 30, 30 * seconds)
        run(FakeEngine(), seconds=1, takes=2, context=Context(before=given))
        counts.append(sum(posed))
    # 48 seconds are 1440 frames; what the model reads are 160
    assert counts[1] < counts[0] + 300
