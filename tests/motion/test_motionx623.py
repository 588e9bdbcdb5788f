import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.features import humanml263, motionx623
from backend.motion.motion import Motion
from backend.motion.skeleton import SMPLX52_PARENTS, canonical


def waving(frames: int = 41, fps: int = 30) -> Motion:
    """Body and fingers move smoothly; the feet stay the lowest joints."""
    rng = np.random.default_rng(6)
    vectors = kinematics.gaussian(0.6 * rng.normal(size=(frames, 52, 3)), 5.0)
    root = np.array([1.0, 0.95, 2.0]) + np.arange(frames)[:, None] * [0.0, 0.0, 0.02]
    return Motion(canonical("smplx52"), root, rot.exp(vectors), fps)


def test_joints_are_those_of_our_skeleton_with_hands():
    assert motionx623.SKELETON.parents == SMPLX52_PARENTS


def test_split_and_join_are_exact_inverses_and_use_every_column_once():
    rows = np.arange(3 * 623, dtype=np.float32).reshape(3, 623)
    body, hands = motionx623.split(rows)
    assert body.shape == (3, 263) and hands.shape == (3, 360)
    assert np.array_equal(np.sort(np.concatenate([body[0], hands[0]])), rows[0])
    back = motionx623.join(body, hands)
    assert back.dtype == np.float32 and np.array_equal(back, rows)
    assert np.array_equal(motionx623.join(*motionx623.split(rows[0])), rows[0])
    assert motionx623.join(np.zeros((2, 3, 263)), np.zeros((2, 3, 360))).shape == (2, 3, 623)


def test_the_body_part_is_the_ordinary_vector_and_the_hands_are_the_rest():
    positions = kinematics.joint_positions(waving())
    rows = motionx623.encode_positions(positions)
    body, hands = motionx623.split(rows)
    assert np.abs(body - humanml263.encode_positions(positions[:, :22])).max() < 1e-6
    for name, part in motionx623.HAND_LAYOUT.items():
        block = rows[:, motionx623.LAYOUT[name]]
        assert np.array_equal(hands[:, part], block[:, block.shape[1] - (part.stop - part.start) :])


def test_fingers_do_not_inherit_the_wrist():
    """A quirk: like the arms, every finger's chain restarts at the root's rotation."""
    by = motionx623.SKELETON.turned_by
    assert {by[joint] for joint in (1, 2, 3, 13, 14, 22, 34, 37, 49)} == {0}
    assert (by[4], by[16], by[23], by[51]) == (1, 13, 22, 50)


def test_a_motion_becomes_rows_and_comes_back():
    motion = waving()
    rows = motionx623.encode(motion)
    assert rows.shape == (40, 623)
    positions = motionx623.decode_positions(rows)
    assert np.abs(motionx623.decode_rotations(rows) - positions).max() < 1e-5
    back = motionx623.decode(rows)
    assert (len(back), back.fps, back.skeleton.kind) == (40, 30, "smplx52")
    error = np.linalg.norm(kinematics.joint_positions(back) - positions, axis=-1)
    assert error.mean() < 0.005


def test_errors_name_what_is_wrong():
    with pytest.raises(ValueError, match="30 fps, got 20"):
        motionx623.encode(waving(3, 20))
    with pytest.raises(ValueError, match="SMPL-X-52 motions, got skeleton kind 'smpl22'"):
        motionx623.encode(Motion(canonical(), np.zeros((3, 3)), np.tile(rot.IDENTITY, (3, 22, 1)), 30))
    with pytest.raises(ValueError, match=r"rows \(..., 623\)"):
        motionx623.split(np.zeros((3, 263)))
    with pytest.raises(ValueError, match=r"hands \(..., 360\)"):
        motionx623.join(np.zeros((3, 263)), np.zeros((3, 263)))
    with pytest.raises(ValueError, match=r"the same frames, got \(3, 263\) and \(2, 360\)"):
        motionx623.join(np.zeros((3, 263)), np.zeros((2, 360)))
