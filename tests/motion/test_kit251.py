"""KIT-251: our joints put on KIT's and back."""

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.features import kit251, kit_joints
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical

INDEX = {name: j for j, name in enumerate(canonical().names)}


def stepping(frames: int = 41) -> Motion:
    """Arms down; legs, arms and head swing, knees and elbows as hinges; walks along +X, facing there."""
    q = np.tile(rot.IDENTITY, (frames, 22, 1))
    wave = np.sin(np.arange(frames) * 0.5)
    for sign, side in ((1.0, "left"), (-1.0, "right")):
        down = rot.from_axis_angle([0.0, 0.0, -sign], np.deg2rad(70.0))
        swing = rot.from_axis_angle([1.0, 0.0, 0.0], -0.4 * sign * wave)
        q[:, INDEX[f"{side}_shoulder"]] = rot.multiply(swing, down)
        q[:, INDEX[f"{side}_elbow"]] = rot.from_axis_angle([0.0, -sign, 0.0], 0.6 + 0.2 * wave)
        q[:, INDEX[f"{side}_hip"]] = rot.from_axis_angle([1.0, 0.0, 0.0], 0.4 * sign * wave - 0.2)
        q[:, INDEX[f"{side}_knee"]] = rot.from_axis_angle([1.0, 0.0, 0.0], 0.5 + 0.3 * wave)
    q[:, INDEX["neck"]] = rot.from_axis_angle([1.0, 0.0, 0.0], 0.2 * wave)
    q[:, 0] = rot.about_y(np.pi / 2)
    root = np.array([3.0, 0.9, 1.0]) + np.arange(frames)[:, None] * [0.05, 0.0, 0.0]
    return Motion(canonical(), root, q, kit251.FPS)


def test_kit_joints_are_where_ours_are():
    rest = canonical().rest_positions[None]
    points = kit_joints.from_smpl(rest)[0]
    assert (points[[5, 6, 7, 11, 12, 13, 14, 15], 0] < 0).all() and (
        points[[8, 9, 10, 16, 17, 18, 19, 20], 0] > 0
    ).all()
    assert np.allclose(points[0], (points[11] + points[16]) / 2) and np.allclose(points[3], (points[5] + points[8]) / 2)
    assert (np.diff(points[:5, 1]) > 0).all() and points[13, 1] > points[14, 1] > points[15, 1]
    ours = kit_joints.to_smpl(points[None])[0]
    moved = np.linalg.norm(ours - rest[0], axis=-1)
    kept = [j for name, j in INDEX.items() if name not in ("pelvis", "spine2", "neck", "left_collar", "right_collar")]
    assert moved[kept].max() < 1e-12
    assert moved.max() < 0.08  # the pelvis is 75 mm over its hips, the neck 70 mm over its shoulders


def test_rows_are_millimetres_of_the_character():
    motion = stepping()
    rows = kit251.encode(motion)
    assert rows.shape == (40, 251)
    joints = kit_joints.from_smpl(kinematics.joint_positions(motion))
    assert rows[:, 3] == pytest.approx(1000.0 * (joints[:-1, 0, 1] - joints[..., 1].min()), abs=1e-2)
    assert rows[10:, 2] == pytest.approx(50.0, abs=2.0)  # its way is forwards, whatever row 0 makes of its heading
    assert np.linalg.norm(rows[:, [1, 2]], axis=1) == pytest.approx(50.0, abs=0.01)


def test_reference_lengths_are_read_off_a_clip_and_used():
    wanted = np.where(np.arange(21) > 0, 60.0 + 10.0 * np.arange(21), 0.0)
    rows = kit251.encode(stepping(), wanted)
    positions = kit251.decode_positions(rows)
    assert kit251.bone_lengths(positions) == pytest.approx(wanted, abs=0.01)
    assert np.abs(kit251.decode_rotations(rows, wanted) - positions).max() < 0.05


def test_rotations_come_back_true():
    motion = stepping()
    back = kit251.decode(kit251.encode(motion))
    assert (back.skeleton.kind, back.fps, len(back)) == ("smpl22", kit251.FPS, 40)
    turned = motion[:40].moved(-np.pi / 2)
    angles = np.degrees(rot.angle_between(kinematics.pose(back)[1], kinematics.pose(turned)[1]))
    shown = [j for name, j in INDEX.items() if name not in ("head", "left_wrist", "right_wrist")]
    assert np.median(angles[:, shown]) < 3.0
    assert angles[:, shown].max() < 20.0
    hips = np.linalg.norm(back.skeleton.offsets[INDEX["left_hip"]])
    assert hips == pytest.approx(canonical().offsets[INDEX["left_hip"], 0], abs=1e-4)


def standing(frames=9, lifted=(), speed=0.0, size=1.0):
    """A body of a ``size`` that glides along +X by ``speed`` m/s, the knees and hips of ``lifted`` legs bent."""
    skeleton = canonical().with_offsets(canonical().offsets * size)
    q = np.tile(rot.IDENTITY, (frames, 22, 1))
    for side in lifted:
        q[:, INDEX[f"{side}_hip"]] = rot.from_axis_angle([1.0, 0.0, 0.0], -1.2)
        q[:, INDEX[f"{side}_knee"]] = rot.from_axis_angle([1.0, 0.0, 0.0], 1.2)
    way = np.arange(frames)[:, None] * [speed / float(kit251.FPS), 0.0, 0.0]
    return Motion(skeleton, np.array([0.0, skeleton.hip_height, 0.0]) + way, q, kit251.FPS)


def test_published_contacts_are_next_to_never():
    """The threshold was not scaled to millimetres: a foot that goes a quarter of one is not standing."""
    for speed, stands in ((0.0, True), (0.004, False)):
        rows = kit251.encode(standing(speed=speed))
        assert (rows[:, kit251.LAYOUT["contacts"]] > 0.5).all() == stands


@pytest.mark.parametrize("size", [1.0, 0.6])  # KIT-ML's body is as small
def test_contacts_are_found_anew(size):
    """In the order of ``CONTACT_JOINTS``: left ankle and foot, right ankle and foot."""

    def contacts(**how):
        return kit251.decode(kit251.encode(standing(size=size, **how))).contacts

    assert contacts(speed=0.1 * size).all()
    assert not contacts(speed=0.5 * size).any()
    assert (contacts(lifted=("left",)) == [False, False, True, True]).all()
    assert (contacts(lifted=("right",)) == [True, True, False, False]).all()
