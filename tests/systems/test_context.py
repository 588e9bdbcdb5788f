"""Motions that go on from, lead into or lie between motions that are given."""

from fractions import Fraction

import numpy as np
import pytest

from backend.motion import kinematics, resample
from backend.motion import rotations as rot
from backend.motion.motion import JointKey, KeyPose, Motion
from backend.motion.skeleton import canonical
from backend.protocol import Context, GenerateRequest, RequestError, Segment
from backend.systems.motiongpt2 import MotionGPT2
from backend.systems.timeline import KNOWN
from tests.systems.fake_engine import FakeEngine, bundle, motion, only

RATES = (Fraction(24), Fraction(30), Fraction(60))


def clip(*codes, each: int = 4, fps=30, yaw: float = 0.0, at=(0.0, 0.0, 0.0)) -> Motion:
    """A motion of these codes, ``each`` so many times, standing and facing somewhere, at the scene's rate."""
    made = motion(np.repeat(codes, 4 * each))
    return resample.resample(made.moved(yaw, at), fps)


def run(engine, text="a person walks", takes=1, **options):
    segments = (Segment(text),) if text else ()
    request = GenerateRequest(segments, takes=takes, **options)
    return MotionGPT2(bundle(), engine).generate(request, lambda stage, fraction: None, lambda: False)


def jump(whole: Motion, frame: int) -> tuple[float, float]:
    """How far joints move (m) and turn (degrees) from ``frame`` to the next, at most."""
    positions = kinematics.joint_positions(whole)
    turned = rot.angle_between(whole.rotations[frame], whole.rotations[frame + 1])
    return float(np.linalg.norm(positions[frame + 1] - positions[frame], axis=-1).max()), float(
        np.rad2deg(turned.max())
    )


def same(a: Motion, b: Motion) -> bool:
    return np.array_equal(a.root, b.root) and np.array_equal(a.rotations, b.rotations)


def facing(whole: Motion, frame: int) -> float:
    return float(kinematics.facing_yaw(kinematics.joint_positions(whole)[frame], whole.skeleton))


@pytest.mark.parametrize("fps", RATES, ids=str)
@pytest.mark.parametrize("seconds", [None, 2.0])
def test_prediction_goes_on_where_the_given_motion_ends(fps, seconds):
    before, engine = clip(0, 1, fps=fps, yaw=1.0, at=(3.0, 0.0, -2.0)), FakeEngine(only(1))
    (whole,), report = run(engine, fps=fps, seconds=seconds, context=Context(before=before))
    count = len(before)
    assert report.task == "predict" and report.made == (count, len(whole)) and report.frames == len(whole)
    assert same(whole[:count], before), "what was given is not changed"
    if seconds is not None:
        assert len(whole) - count == round(seconds * fps)
    step, turn = jump(whole, count - 1)
    assert step < 1.5 * 1.3 / float(fps) and turn < 2.0, "no jump at the seam"
    # it walks on in the direction in which it faces
    way = whole.root[-1] - whole.root[count]
    assert np.arctan2(way[0], way[2]) == pytest.approx(1.0, abs=0.02) and np.linalg.norm(way) > 1.0
    assert facing(whole, -1) == pytest.approx(1.0, abs=0.02)


def test_the_model_reads_the_end_of_what_is_given():
    engine = FakeEngine()
    run(engine, context=Context(before=clip(1, 8, 6, each=10)), seconds=1)
    v = engine.vocabulary
    asked, codes = engine.prompts[0][0], v.codes("motion").start
    known = asked[asked.index(v.mark("<predict>")) + 1 : -1]
    assert known == [codes + 8] * (KNOWN - 10) + [codes + 6] * 10 and asked[1] == v.length(8)


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_preroll_leads_into_the_given_motion(fps):
    after, engine = clip(1, 0, fps=fps, yaw=-2.0, at=(1.0, 0.0, 5.0)), FakeEngine(only(1))
    (whole,), report = run(engine, fps=fps, seconds=1.5, context=Context(after=after))
    new = round(1.5 * fps)
    assert report.task == "fill" and report.made == (0, new) and len(whole) == new + len(after)
    assert same(whole[new:], after)
    v, asked = engine.vocabulary, engine.prompts[0][0]
    slots, stands = asked[asked.index(v.mark("<fill>")) + 1 : -1], v.codes("motion").start
    assert slots[:19] == [v.mark("<mask>")] * 12 + [stands + 1] * 4 + [stands] * 3
    step, turn = jump(whole, new - 1)
    assert step < 1.5 * 1.3 / float(fps) and turn < 2.0, "no jump at the seam"
    assert facing(whole, 0) == pytest.approx(-2.0, abs=0.05)


@pytest.mark.parametrize("fps", RATES, ids=str)
@pytest.mark.parametrize("seconds", [0.2, 0.5, 1.3, 3.0])
def test_in_betweening_fills_exactly_the_gap(fps, seconds):
    before, after = clip(0, fps=fps), clip(0, fps=fps, yaw=0.5, at=(0.3, 0.0, 1.0))
    engine = FakeEngine(only(0, 1))
    (whole,), report = run(engine, fps=fps, seconds=seconds, context=Context(before, after))
    count, new = len(before), round(seconds * fps)
    assert report.task == "fill" and report.made == (count, count + new)
    assert same(whole[:count], before) and same(whole[count + new :], after)
    for seam in (count - 1, count + new - 1):
        step, turn = jump(whole, seam)
        # what lies between the two is shared out over the gap, fastest in its middle
        assert step < 2.5 / float(fps) + 1.6 / max(new, 1) and turn < 45.0 / max(new, 1) + 2.0
    gaps = np.linalg.norm(np.diff(whole.root, axis=0), axis=-1)
    assert gaps.max() < 3.0 * (1.05 / (new + 1)) + 2.0 / float(fps)


def test_a_key_in_the_gap_is_met_at_its_time():
    sitting = motion(np.array([8]))
    joints = {n: JointKey(rotation=q) for n, q in zip(canonical().names, sitting.rotations[0], strict=True)}
    engine = FakeEngine()
    before = clip(0, each=2)
    key = KeyPose(15, joints, height=float(sitting.root[0, 1]))
    (whole,), _ = run(engine, seconds=1, context=Context(before, clip(0)), keys=(key,))
    # two codes before it, and the last given frame ends the second: the key's frame is the 16th after
    assert engine.decoded[0][0][2 + 15 // 4] == 8


def test_a_text_is_not_needed_beside_motions_and_empty_takes_are_all_different():
    takes, report = run(FakeEngine(), "", takes=3, context=Context(before=clip(1)), seconds=2)
    assert len({take.root[-1, 2] for take in takes}) == 3 and not any("no action" in w for w in report.warnings)


def test_takes_beside_motions_are_the_same_alone():
    order = {"context": Context(clip(0), clip(0)), "seconds": 1.0, "seed": 3}
    several, _ = run(FakeEngine(), takes=3, **order)
    (alone,), _ = run(FakeEngine(), takes=1, **order)
    assert same(alone, several[0])


def test_the_character_keeps_its_size_and_its_fingers():
    hands = canonical("smplx52")
    body = clip(1)
    rotations = np.tile(rot.IDENTITY, (len(body), 52, 1))
    rotations[:, :22] = body.rotations
    rotations[:, hands.index("left_index1")] = rot.exp(np.array([0.0, 0.0, -0.8]))
    before = Motion(hands.with_offsets(1.4 * hands.offsets), 1.4 * body.root, rotations, 30)
    (whole,), report = run(FakeEngine(only(1)), context=Context(before=before), seconds=1)
    assert whole.skeleton is before.skeleton and same(whole[: len(before)], before)
    at = report.made[0]
    bend = rot.angle(whole.rotations[:, hands.index("left_index1")])
    assert bend[at] > 0.7 and bend[-1] < 0.05, "a body has no fingers: they open within the blend"
    assert np.diff(whole.root[at:, 2]).mean() == pytest.approx(1.4 * 1.3 / 30, rel=0.1)


def test_one_pose_is_motion_enough():
    pose = clip(8)[:1]
    (whole,), report = run(FakeEngine(), context=Context(before=pose), seconds=1)
    assert report.made == (1, 31) and same(whole[:1], pose)


def test_a_slow_scene_has_its_single_new_frame():
    pose = clip(0, fps=1)
    (whole,), report = run(FakeEngine(), fps=1, context=Context(pose, pose), seconds=1)
    assert len(whole) == 2 * len(pose) + 1 and report.made == (len(pose), len(pose) + 1)


@pytest.mark.parametrize("context", [Context(after=clip(0)), Context(clip(0), clip(0))])
def test_a_way_to_what_comes_after_needs_a_length(context):
    with pytest.raises(RequestError, match="has no length") as error:
        run(FakeEngine(), context=context)
    between = "lie between the two motions" if context.before is not None else "lead into it"
    assert error.value.kind == "bad_seconds" and error.value.action == f"Say how many seconds {between}."


@pytest.mark.parametrize("which", ["before", "after"])
def test_a_motion_that_is_too_long_is_refused(which):
    short, long = clip(0, each=10, fps=Fraction(1, 1)), clip(0, each=10)
    long = resample.resample(short, 1, 61)
    with pytest.raises(RequestError, match="a motion of 61 seconds was given, at most 60 are accepted") as error:
        run(FakeEngine(), fps=1, seconds=2, context=Context(**{which: long}))
    assert error.value.kind == "bad_context"
    run(FakeEngine(), fps=1, seconds=2, context=Context(**{which: long[:60]}))


def test_a_key_does_not_overwrite_what_is_given():
    engine, before = FakeEngine(only(0)), clip(1, each=7, fps=120)
    for frame in (0, 1, 2):
        asked = FakeEngine(only(0))
        joints = {n: JointKey(rotation=q) for n, q in zip(canonical().names, motion(np.array([8])).rotations[0])}
        run(asked, fps=120, seconds=1, context=Context(before, clip(0, fps=120)), keys=(KeyPose(frame, joints, 0.5),))
        known = len(asked.decoded[0][0])
        run(engine, fps=120, seconds=1, context=Context(before, clip(0, fps=120)))
        plain = engine.decoded[-1][0]
        assert len(plain) == known and asked.decoded[0][0][6] == 1 and asked.decoded[0][0][7] == 8


def test_a_gap_too_long_for_the_model_says_how_long_it_may_be():
    with pytest.raises(RequestError, match="at most 9.73") as error:
        run(FakeEngine(), context=Context(clip(0), clip(0)), seconds=10)
    assert error.value.kind == "bad_seconds"


def test_what_is_new_is_judged_alone():
    before = clip(1, each=15)
    _, report = run(FakeEngine(only(0)), "a person stands still", context=Context(before=before), seconds=3)
    _, whole = run(FakeEngine(only(1)), "a person stands still", context=Context(before=before), seconds=3)
    assert report.scores[0] > whole.scores[0]
