"""Key poses on their way into the prompt, in both systems."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.motion import JointKey, KeyPose
from backend.motion.skeleton import canonical
from backend.protocol import Context, GenerateRequest, RequestError, Segment
from backend.systems.full_poses import full_poses
from backend.systems.motiongpt import MotionGPT
from backend.systems.motiongpt2 import MotionGPT2
from tests.systems.fake_engine import SPELLED, FakeEngine, bundle, motion

SMPL = canonical()
UNSEEN = "the model does not see where a key pose stands or faces"


def key(code: int, frame: int = 0, heading: float = 0.0, leave=()) -> KeyPose:
    """The pose that a code of the fake engine means; the joints ``leave`` are open."""
    pose = motion(np.array([code]), heading)
    names = [name for name in SMPL.names if name not in leave]
    joints = {name: JointKey(rotation=pose.rotations[0, SMPL.index(name)]) for name in names}
    return KeyPose(frame, joints, height=float(pose.root[0, 1]))


def run(system, text="a person walks", **options):
    segments = (Segment(text),) if text else ()
    return system.generate(GenerateRequest(segments, **options), lambda stage, fraction: None, lambda: False)


def two(engine, **changes):
    return MotionGPT2(bundle(**changes), engine)


def given(engine) -> list[int]:
    return engine.prompts[0][0]


def tokens(engine, *items) -> list[int]:
    """Marks by name, codes as numbers."""
    codes = engine.vocabulary.codes("motion").start
    return [engine.vocabulary.mark(item) if isinstance(item, str) else codes + item for item in items]


# --- MotionGPT-2 -----------------------------------------------------------------------------------------------------


def test_timed_keys_lie_in_slots_and_are_met_exactly():
    engine = FakeEngine()
    keys = (key(8, 0), key(6, 15), key(7, 29))
    (take,), report = run(two(engine), seconds=1, keys=keys)
    # 30 frames are 8 codes; the keys lie in the codes that hold their frames
    slots = tokens(engine, "<fill>", 8, "<mask>", "<mask>", 6, "<mask>", "<mask>", "<mask>", 7, "<motion>")
    assert given(engine)[-len(slots) :] == slots and given(engine)[1] == engine.vocabulary.length(8)
    answer = engine.decoded[0][0]
    assert (answer[0], answer[3], answer[7]) == (8, 6, 7) and len(answer) == 8
    assert (report.task, report.frames, len(take)) == ("fill", 30, 30) and report.warnings == (UNSEEN,)


def test_keys_are_counted_from_where_the_segment_starts_at_the_scenes_rate():
    engine = FakeEngine()
    request = GenerateRequest((Segment("walk", 101),), fps=24, seconds=2, keys=(key(8, 101 + 24),))
    two(engine).generate(request, lambda stage, fraction: None, lambda: False)
    assert engine.decoded[0][0][30 // 4] == 8


def test_without_a_length_the_motion_ends_with_the_last_key():
    engine = FakeEngine()
    (take,), report = run(two(engine), keys=(key(8, 0), key(6, 44)))
    assert len(take) == 45 and engine.decoded[0][0][44 // 4] == 6
    assert report.warnings[0] == "no length was given: the motion ends with the last key pose"


def test_a_first_pose_alone_leaves_the_length_to_the_model():
    engine = FakeEngine()
    _, report = run(two(engine), keys=(key(8, 0),))
    assert report.task == "initial_pose" and given(engine)[-3:] == tokens(engine, "<initial>", 8, "<motion>")


def test_keys_without_times_are_told_in_their_order():
    engine = FakeEngine()
    _, report = run(two(engine), keys=(key(7, 3), key(8), key(6)), timed=False, seconds=2)
    assert report.task == "key_poses" and given(engine)[-5:] == tokens(engine, "<keys>", 7, 8, 6, "<motion>")
    assert report.warnings == (UNSEEN,)


@pytest.mark.parametrize(
    "task, mark", [("initial_pose", "<initial>"), ("last_pose", "<last>"), ("key_poses", "<keys>")]
)
def test_the_papers_forms_can_be_asked_for(task, mark):
    engine = FakeEngine()
    _, report = run(two(engine), keys=(key(8, 12),), timed=False, task=task, seconds=2)
    assert report.task == task and given(engine)[-3:] == tokens(engine, mark, 8, "<motion>")
    assert report.warnings == (UNSEEN,)


@pytest.mark.parametrize("task, place", [("initial_pose", 0), ("last_pose", 59)])
@pytest.mark.parametrize("wording", ["compact", "alpaca_digits"])
def test_a_first_or_last_pose_at_another_time_is_refused(task, place, wording):
    engine = FakeEngine(wording=wording, longest=1024)
    system = (MotionGPT if wording == "alpaca_digits" else MotionGPT2)(bundle(wording), engine)
    _, report = run(system, keys=(key(8, place),), task=task, seconds=2)
    assert report.task == task
    with pytest.raises(RequestError, match=f"its key pose at frame {place}, it was given at frame 30") as error:
        run(system, keys=(key(8, 30),), task=task, seconds=2)
    assert error.value.kind == "task"


@pytest.mark.parametrize("task, tasks", [("key_poses", None), ("", ("key_poses",)), ("last_pose", None)])
def test_a_time_that_the_model_is_not_told_is_said_for_one_key_too(task, tasks):
    changes = {} if tasks is None else {"tasks": tasks}
    _, report = run(two(FakeEngine(), **changes), keys=(key(8, 30),), task=task)
    assert report.warnings == (UNSEEN, "the model is not told when the key poses come, only their order")


@pytest.mark.parametrize("fps", [Fraction(24000, 1001), Fraction(30000, 1001)], ids=str)
def test_the_longest_motion_may_have_keys_at_any_rate(fps):
    (take,), _ = run(two(FakeEngine()), fps=fps, seconds=10, keys=(key(8, 30),))
    assert len(take) == round(10 * fps)


def test_a_text_is_not_needed_beside_keys():
    engine = FakeEngine()
    _, report = run(two(engine), "", keys=(key(8, 0),), seconds=1)
    assert len(engine.prompts[0]) == 1 and "no action word" not in " ".join(report.warnings)


def test_keys_that_fall_into_one_code_are_told():
    engine = FakeEngine()
    _, report = run(two(engine), keys=(key(8, 12), key(6, 14)), seconds=1)
    assert engine.decoded[0][0][3] == 8
    assert "the key poses at frames 12 and 14 are too near: the first counts" in report.warnings


def test_keys_without_times_do_not_lie_beside_motions():
    with pytest.raises(RequestError, match="key poses beside a motion need times") as error:
        run(two(FakeEngine()), keys=(key(8),), timed=False, seconds=1, context=Context(before=motion(np.zeros(30))))
    assert "FILE@SECONDS" in error.value.action


def test_a_bundle_without_the_in_between_task_takes_keys_in_order():
    engine = FakeEngine()
    _, report = run(two(engine, tasks=("key_poses", "initial_pose")), keys=(key(8, 2), key(6, 20)), seconds=1)
    assert report.task == "key_poses"
    assert "the model is not told when the key poses come, only their order" in report.warnings
    with pytest.raises(RequestError, match="does not do 'key_poses'; it does text_to_motion"):
        run(two(engine, tasks=("text_to_motion",)), keys=(key(8, 2), key(6, 20)), seconds=1)


def test_the_same_keys_and_seed_give_the_same_take():
    order = {"keys": (key(8, 0), key(6, 29)), "seconds": 2, "seed": 4}
    (a, b), _ = run(two(FakeEngine()), takes=2, **order)
    (c,), _ = run(two(FakeEngine()), takes=1, **order)
    assert np.array_equal(a.rotations, c.rotations) and not np.array_equal(a.rotations, b.rotations)


# --- MotionGPT -------------------------------------------------------------------------------------------------------


def one(engine):
    return MotionGPT(bundle("alpaca_digits"), engine)


@pytest.mark.parametrize(
    "keys, seconds, task",
    [((), 2, "text_to_motion"), ((0,), 2, "initial_pose"), ((0,), None, "initial_pose"), ((59,), 2, "last_pose"),
     ((30,), 2, "key_poses"), ((59,), None, "key_poses"), ((0, 20, 59), 2, "key_poses")],
)  # fmt: skip
def test_motiongpt_has_the_papers_four_conditions(keys, seconds, task):
    engine = FakeEngine(wording="alpaca_digits", longest=1024)
    (take,), report = run(one(engine), keys=[key(6 + i, frame) for i, frame in enumerate(keys)], seconds=seconds)
    assert report.task == task and report.system == "motiongpt"
    assert any("not told when a key pose comes" in warning for warning in report.warnings) == bool(keys)
    codes = engine.decoded[0][0]
    assert codes.max() < 9 and (seconds is None or (len(take), len(codes)) == (60, 15))


def test_motiongpt_answers_in_digits():
    engine = FakeEngine(wording="alpaca_digits", longest=1024)
    run(one(engine), seconds=1)
    spelled = {number: character for character, number in SPELLED.items()}
    said = "".join(spelled[int(step[0])] for step in engine.steps)
    codes = ",".join(map(str, engine.decoded[0][0]))
    # the last character is drawn, and nobody is asked what follows
    assert codes.startswith(said) and len(codes) - len(said) <= 1


def test_motiongpt_goes_on_from_nothing():
    with pytest.raises(RequestError, match="does not go on from motions; it does text_to_motion, initial_pose"):
        run(one(FakeEngine(wording="alpaca_digits")), context=Context(before=motion(np.zeros(30))))


# --- from what is keyed to whole poses -------------------------------------------------------------------------------


def test_a_whole_pose_stays_as_it_is():
    poses, warnings = full_poses([key(8), key(2)], SMPL, "smpl22")
    for k, code in enumerate((8, 2)):
        true = motion(np.array([code]))
        assert np.allclose(poses.rotations[k], true.rotations[0], atol=1e-6)
        assert np.allclose(poses.root[k, 1], true.root[0, 1], atol=1e-6)
    assert warnings == []


def test_open_joints_come_from_the_nearest_key_and_the_warning_names_them():
    arm = ("right_shoulder", "right_elbow")
    poses, warnings = full_poses([key(2, 0), key(0, 5, leave=arm), key(0, 60)], SMPL, "smpl22")
    at = SMPL.index("right_shoulder")
    assert np.allclose(poses.rotations[1, at], poses.rotations[0, at])
    assert warnings == ["the key pose at frame 5 leaves 2 joints open (right shoulder, right elbow): guessed"]


def test_open_joints_stand_relaxed_where_no_key_knows_them():
    poses, warnings = full_poses([KeyPose(0, {"spine1": JointKey(rotation=rot.IDENTITY)})], SMPL, "smpl22")
    positions = kinematics.joint_positions(poses)[0]
    for side in ("left", "right"):
        assert positions[SMPL.index(f"{side}_wrist"), 1] < positions[SMPL.index("pelvis"), 1], "the arms hang"
    assert positions[:, 1].min() == pytest.approx(0.0, abs=0.01), "the feet are on the floor"
    assert "leaves 21 joints open (pelvis, left hip, right hip, left knee, ...)" in warnings[0]


def test_a_pose_of_positions_alone_is_solved_when_it_is_whole():
    true = motion(np.array([7]), 0.6)
    positions = kinematics.joint_positions(true)[0]
    keyed = KeyPose(0, {name: JointKey(position=p) for name, p in zip(SMPL.names, positions, strict=True)})
    poses, warnings = full_poses([keyed], SMPL, "smpl22")
    # two poses of the same body: what is not seen (twists at the ends of limbs) is left out
    found = kinematics.joint_positions(poses)[0]
    assert np.abs(found - found[0] - (positions - positions[0])).max() < 0.02 and warnings == []
    # where rotations are known, they are what counts
    both = {name: JointKey(q, p) for name, q, p in zip(SMPL.names, true.rotations[0], positions, strict=True)}
    poses, _ = full_poses([KeyPose(0, both)], SMPL, "smpl22")
    assert np.allclose(poses.rotations[0], true.rotations[0], atol=1e-6)
    alone = KeyPose(9, {"left_wrist": JointKey(position=np.zeros(3)), "spine1": JointKey(rotation=rot.IDENTITY)})
    with pytest.raises(RequestError, match="frame 9 says only where left_wrist are") as error:
        full_poses([alone], SMPL, "smpl22")
    assert "set the limb to FK" in error.value.action


def test_a_position_that_follows_from_the_limb_above_is_no_trouble():
    whole = key(2)
    hand = replace(whole.joints["right_wrist"], rotation=None, position=np.ones(3))
    _, warnings = full_poses([replace(whole, joints=whole.joints | {"right_wrist": hand})], SMPL, "smpl22")
    assert warnings == [
        "the key pose at frame 0 says where right wrist are: left out, their place follows from rotations",
        "the key pose at frame 0 leaves 1 joints open (right wrist): guessed",
    ]


def test_a_bend_beside_rotations_is_said_to_be_left_out():
    whole = key(2)
    knee = replace(whole.joints["left_knee"], bend=np.array([0.0, 0.0, 1.0]))
    _, warnings = full_poses([replace(whole, joints=whole.joints | {"left_knee": knee})], SMPL, "smpl22")
    assert warnings == ["the key pose at frame 0 says where left knee bend to: left out, it follows from rotations"]


def test_where_the_pelvis_is_needs_no_warning_of_its_own():
    whole = key(2)
    pelvis = replace(whole.joints["pelvis"], position=np.ones(3))
    assert full_poses([replace(whole, joints=whole.joints | {"pelvis": pelvis})], SMPL, "smpl22")[1] == []


def test_fingers_that_a_body_has_not_are_left_out():
    fist = {"left_index1": JointKey(rotation=rot.exp(np.array([0.0, 0.0, 1.0])))}
    whole = key(8, 15)
    context = Context(before=motion(np.zeros(30)), after=motion(np.zeros(30)))
    engine, plain = FakeEngine(), FakeEngine()
    _, report = run(two(engine), seconds=1, context=context, keys=(replace(whole, joints=whole.joints | fist),))
    run(two(plain), seconds=1, context=context, keys=(whole,))
    assert engine.prompts == plain.prompts
    assert (
        "the key pose at frame 15 binds 1 joints of fingers, which the character has not: left out" in report.warnings
    )


@pytest.mark.parametrize(
    "joints, message",
    [
        ({}, "binds no rotation of a joint"),
        ({"pelvis": JointKey(position=np.ones(3))}, "binds no rotation of a joint"),
        ({"left_knee": JointKey(bend=np.ones(3))}, "binds no rotation of a joint"),
        ({"tail": JointKey(rotation=rot.IDENTITY)}, "binds tail, which the skeleton has not"),
        ({"spine1": JointKey(rotation=np.zeros(4))}, "rotation of length 0"),
    ],
)
def test_a_pose_without_a_code_is_refused(joints, message):
    with pytest.raises(RequestError, match=f"the key pose at frame 3 (has a )?{message}") as error:
        full_poses([KeyPose(3, joints)], SMPL, "smpl22")
    assert error.value.kind == "bad_keys" and error.value.action


def test_fingers_are_no_joints_of_a_body():
    hands = canonical("smplx52")
    keyed = KeyPose(0, {name: JointKey(rotation=rot.IDENTITY) for name in SMPL.names})
    poses, warnings = full_poses([keyed], hands, "smpl22")
    assert poses.skeleton.kind == "smpl22" and warnings == []
