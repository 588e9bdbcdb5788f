"""BVH: small files in the true layouts with poses checkable by hand, round trips, and damaged files."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.motion import bone_presets
from backend.motion import rotations as rot
from backend.motion.formats import bvh
from backend.motion.formats.bvh import BvhError
from backend.motion.formats.text import Limits
from backend.motion.kinematics import joint_positions
from backend.motion.motion import Motion
from backend.motion.skeleton import Skeleton, canonical

# The MotionBuilder-friendly CMU layout: tabs, all joints Z Y X, a zero-length joint, a frame time cut off
MOTIONBUILDER = """HIERARCHY
ROOT Hips
{
	OFFSET 0.00000 0.00000 0.00000
	CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation 
	JOINT LHipJoint
	{
		OFFSET 0 0 0
		CHANNELS 3 Zrotation Yrotation Xrotation
		JOINT LeftUpLeg
		{
			OFFSET 10.0 0.0 0.0
			CHANNELS 3 Zrotation Yrotation Xrotation
			JOINT LeftLeg
			{
				OFFSET 0.0 -40.0 0.0
				CHANNELS 3 Zrotation Yrotation Xrotation
				End Site
				{
					OFFSET 0.0 -38.0 5.0
				}
			}
		}
	}
}
MOTION
Frames: 2
Frame Time: .0083333
5 90 -20 0 0 0 0 0 0 0 0 0 0 0 0
5 91 -20 0 90 0 0 0 0 90 0 0 0 0 -90
"""  # noqa: W291

# The Daz-friendly layout: two spaces, root Z Y X, others Z X Y, one joint X Z Y, "Frames:\t2"
DAZ = """HIERARCHY
ROOT hip
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT abdomen
  {
    OFFSET 0 20 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT lShldr
    {
      OFFSET 15 0 0
      CHANNELS 3 Xrotation Zrotation Yrotation
      End Site
      {
        OFFSET 30 0 0
      }
    }
  }
}
MOTION
Frames:\t2
Frame Time:\t0.00833333
0 100 0 0.0 -0.0 0 5.57603e-15 0 0 0 0 0
1.5 100 0 0 0 0 90 0 90 90 90 0
"""


@pytest.fixture
def file(tmp_path):
    def write(text, name="clip.bvh"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path

    return write


def test_motionbuilder_layout_by_hand(file):
    motion = bvh.read(file(MOTIONBUILDER))
    assert motion.skeleton.kind == "other"
    assert motion.skeleton.names == ("Hips", "LHipJoint", "LeftUpLeg", "LeftLeg")
    assert motion.skeleton.parents == (-1, 0, 1, 2)
    assert motion.fps == 120 and len(motion) == 2
    positions = joint_positions(motion)
    assert np.allclose(positions[0], [[0.05, 0.9, -0.2], [0.05, 0.9, -0.2], [0.15, 0.9, -0.2], [0.15, 0.5, -0.2]])
    # hips turned 90 about Y: +X becomes -Z; the thigh's own Z turn of 90 swings its -Y child to its +X, that is -Z
    assert np.allclose(positions[1], [[0.05, 0.91, -0.2], [0.05, 0.91, -0.2], [0.05, 0.91, -0.3], [0.05, 0.91, -0.7]])


def test_channel_orders_of_each_joint(file):
    motion = bvh.read(file(DAZ))
    x, y, z = (rot.exp(np.pi / 2 * axis) for axis in np.eye(3))
    assert rot.angle_between(motion.rotations[1, 1], rot.multiply(z, y)).max() < 1e-9
    assert rot.angle_between(motion.rotations[1, 2], rot.multiply(x, z)).max() < 1e-9
    assert np.allclose(motion.root[1], [0.015, 1.0, 0.0])
    assert np.allclose(bvh.end_sites(file(DAZ))["lShldr"], [0.3, 0, 0])


def test_scale_is_metres_per_unit(file):
    small = bvh.read(file(MOTIONBUILDER), scale=0.0564444)
    assert np.allclose(small.skeleton.offsets[3], [0, -40 * 0.0564444, 0])
    assert np.allclose(small.root[0], np.array([5, 90, -20]) * 0.0564444)
    with pytest.raises(BvhError, match="scale"):
        bvh.read(file(MOTIONBUILDER), scale=0.0)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t.replace("\n", "\r"),
        lambda t: t.replace("\n", "\n\n"),
        lambda t: t.replace(" ", "\t"),
        lambda t: "\ufeff" + t,
        lambda t: t.replace("rotation", "ROTATION").replace("JOINT", "Joint"),
        lambda t: t.rstrip("\n"),
        lambda t: t.replace("\n\t\t{", " {"),
    ],
)
def test_tolerates(change, file):
    plain, other = bvh.read(file(MOTIONBUILDER)), bvh.read(file(change(MOTIONBUILDER), "other.bvh"))
    assert other.skeleton.names == plain.skeleton.names
    assert np.array_equal(other.rotations, plain.rotations) and np.array_equal(other.root, plain.root)


def test_root_offset_counts_only_without_position_channels(file):
    offset = MOTIONBUILDER.replace("OFFSET 0.00000 0.00000 0.00000", "OFFSET 1 2 3")
    assert np.allclose(bvh.read(file(offset)).root[0], [0.05, 0.9, -0.2])
    without = (
        offset.replace("6 Xposition Yposition Zposition", "3").replace("\n5 90 -20", "\n").replace("\n5 91 -20", "\n")
    )
    motion = bvh.read(file(without))
    assert np.allclose(motion.root, [0.01, 0.02, 0.03])
    assert np.allclose(motion.skeleton.offsets[0], 0.0)


def test_positions_below_the_root_are_ignored_with_a_note(file):
    text = MOTIONBUILDER.replace("0\n\t\tCHANNELS 3 Z", "0\n\t\tCHANNELS 6 Xposition Yposition Zposition Z", 1)
    text = text.replace("5 90 -20 0 0 0", "5 90 -20 0 0 0 7 7 7").replace("5 91 -20 0 90 0", "5 91 -20 0 90 0 7 7 7")
    loaded = bvh.load(file(text))
    assert "LHipJoint" in loaded.notes[0]
    assert np.allclose(joint_positions(loaded.motion), joint_positions(bvh.read(file(MOTIONBUILDER))))
    assert bvh.load(file(text.replace("7 7 7", "0 0 0"))).notes == ()


@pytest.mark.parametrize(
    "written, rate",
    [
        (".0083333", 120), ("0.00833333", 120), ("0.0083", 120), ("0.033333", 30), ("0.0333", 30), ("0.0166667", 60),
        ("0.0416667", 24), ("0.0417", 24), ("0.041666", 24), ("0.04", 25), ("0.02", 50), ("0.05", 20), ("0.01", 100),
        ("0.0417083", Fraction(24000, 1001)), ("0.033367", Fraction(30000, 1001)),
        ("0.03336667", Fraction(30000, 1001)),
        ("0.016683", Fraction(60000, 1001)), ("0.0083417", Fraction(120000, 1001)), ("1", 1), ("0.001", 1000),
        ("8.3333e-3", 120), ("0.017", Fraction(1000, 17)), ("0.015625", 64),
    ],
)  # fmt: skip
def test_frame_times(written, rate):
    assert bvh.frame_rate(written) == rate


@pytest.mark.parametrize("written", ["0", "-0.03", "nan", "inf", "2", "1e-9", "fast", "", "0x1", "1" * 50, "sNaN"])
def test_frame_times_refused(written):
    assert bvh.frame_rate(written) is None


BROKEN = [
    ("", "no MOTION", None),
    ("hello", "no MOTION", None),
    (MOTIONBUILDER.replace("HIERARCHY", "HELLO"), "expected 'HIERARCHY'", "HELLO"),
    (MOTIONBUILDER.replace("OFFSET 10.0 0.0", "OFFSET 10.0 zero"), "expected a number, got 'zero'", "zero"),
    (MOTIONBUILDER.replace("OFFSET 10.0 0.0", "OFFSET 10.0 nan"), "expected a number, got 'nan'", "nan"),
    (MOTIONBUILDER.replace("CHANNELS 3", "CHANNELS 9", 1), "0 to 6 CHANNELS", "CHANNELS 9"),
    (MOTIONBUILDER.replace("CHANNELS 3 Z", "CHANNELS 3 W", 1), "unknown channel", "Wrotation"),
    (MOTIONBUILDER.replace("Zrotation Yrotation", "Zrotation Zrotation", 1), "twice", "Zrotation Zrotation"),
    (MOTIONBUILDER.replace("LeftLeg", "LeftUpLeg"), "two joints are named 'LeftUpLeg'", "JOINT LeftUpLeg"),
    (MOTIONBUILDER.replace("}\nMOTION", "MOTION"), "middle of a joint", None),
    (MOTIONBUILDER.replace("MOTION\n", "}\nMOTION\n"), "one skeleton a file", "}"),
    (MOTIONBUILDER.replace("Frames: 2", "Frames: 3"), "holds only 2", None),
    (MOTIONBUILDER.replace("Frames: 2", "Frames: 1"), "holds more", None),
    (MOTIONBUILDER.replace("Frames: 2", "Frames: -2"), "whole number from 1 to 200,000", "Frames: -2"),
    (MOTIONBUILDER.replace("Frames: 2", "Frames: 99999999999999"), "whole number", "Frames: 999"),
    (MOTIONBUILDER.replace("Frames: 2", "Frames 2"), "expected 'Frames: <number>'", "MOTION"),
    (MOTIONBUILDER.replace("Frame Time: .0083333", "Frame Time: 0"), "seconds a frame", "Frame Time: 0"),
    (MOTIONBUILDER.replace("5 91 -20", "5 nan -20"), "got 'nan'", "5 nan"),
    (MOTIONBUILDER.replace("5 91 -20", "5 9_1 -20"), "got '9_1'", "5 9_1"),
    (MOTIONBUILDER.replace("5 91 -20", "5 91,5 -20"), "got '91,5'", "5 91,5"),
    (MOTIONBUILDER.replace("5 91 -20", "5 1e300 -20"), "beyond", None),
    (MOTIONBUILDER.replace("5 91 -20", "5 91"), "holds only", None),
]


@pytest.mark.parametrize("text, says, line", BROKEN)
def test_errors_name_file_and_line(text, says, line, file):
    with pytest.raises(BvhError, match=says) as caught:
        bvh.read(file(text))
    assert "clip.bvh" in str(caught.value)
    if line:
        assert line in text.split("\n")[caught.value.line - 1]


def test_missing_file_and_folder_and_binary(tmp_path, file):
    for path in (tmp_path / "none.bvh", tmp_path):
        with pytest.raises(BvhError, match="cannot be opened"):
            bvh.read(path)
    with pytest.raises(BvhError, match="binary"):
        bvh.read(file(b"Kaydara FBX Binary  \x00\x1a\x00"))


def chain(joints):
    head = "ROOT j0\n{\nOFFSET 0 0 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n"
    body = "".join(f"JOINT j{k}\n{{\nOFFSET 0 1 0\nCHANNELS 0\n" for k in range(1, joints))
    return f"HIERARCHY\n{head}{body}{'}' * joints}\nMOTION\nFrames: 1\nFrame Time: 0.04\n0 0 0\n"


def test_bounds(file):
    assert len(bvh.read(file(chain(200))).skeleton) == 200
    with pytest.raises(BvhError, match="200 deep"):
        bvh.read(file(chain(201)))
    flat = "".join(f"JOINT j{k}\n{{\nOFFSET 0 1 0\nCHANNELS 0\n}}\n" for k in range(1, 1001))
    with pytest.raises(BvhError, match="1000 joints"):
        bvh.read(file(chain(1).replace("}\nMOTION", flat + "}\nMOTION")))
    with pytest.raises(BvhError, match="more than 10 numbers"):
        bvh.read(file(MOTIONBUILDER), limits=Limits(values=10))
    with pytest.raises(BvhError, match="at most 100 are read"):
        bvh.read(file(MOTIONBUILDER), limits=Limits(file_bytes=100))
    with pytest.raises(BvhError, match="from 1 to 1,"):
        bvh.read(file(MOTIONBUILDER), limits=Limits(frames=1))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_files_never_raise_anything_else(file, data):
    text = bytearray(data.draw(st.sampled_from([MOTIONBUILDER, DAZ])).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 30))
        piece = data.draw(st.one_of(st.binary(max_size=8), st.sampled_from(WORDS)))
        text[at : at + length] = piece
    try:
        motion = bvh.read(file(bytes(text)))
    except BvhError:
        return
    assert np.isfinite(joint_positions(motion)).all()


WORDS = [b"{", b"}", b"JOINT a", b"ROOT", b"MOTION\n", b"Frames: 0", b"CHANNELS 0", b"End Site", b"nan", b"1e308",
         b"-1e999", b"\n", b"\t", b"OFFSET", "\u0663".encode(), b"\xff\xfe", b"9" * 21,
         b"Frame Time: 1e-400"]  # fmt: skip


# ---- writing ----


def joints_in_order(motion, names):
    index = [motion.skeleton.index(n) for n in names]
    return motion.rotations[:, index], motion.skeleton.offsets[index]


@pytest.mark.parametrize("kind", ["smpl22", "smplx52"])
@pytest.mark.parametrize("fps", [30, Fraction(24000, 1001), 60, 12.5, Fraction(37, 3)])
def test_write_and_read_back(kind, fps, tmp_path, random_motion):
    motion = random_motion(canonical(kind), fps=fps, amount=3.0)
    path = tmp_path / "out.bvh"
    bvh.write(path, motion)
    back = bvh.read(path)
    rotations, offsets = joints_in_order(back, motion.skeleton.names)
    assert rot.angle_between(rotations, motion.rotations).max() < 1e-4
    assert np.allclose(offsets, motion.skeleton.offsets, atol=1e-7)
    assert np.allclose(back.root, motion.root, atol=1e-7)
    assert back.fps == motion.fps
    names = [back.skeleton.names[p] if p >= 0 else None for p in back.skeleton.parents]
    parents = dict(zip(back.skeleton.names, names))
    for name, p in zip(motion.skeleton.names, motion.skeleton.parents):
        assert parents[name] == (motion.skeleton.names[p] if p >= 0 else None)
    assert [p.name for p in tmp_path.iterdir()] == ["out.bvh"]


def test_written_angles_do_not_jump(tmp_path):
    t = np.linspace(0, 4 * np.pi, 240)
    rotations = np.tile(rot.IDENTITY, (240, 22, 1))
    rotations[:, 0] = rot.about_y(t)
    rotations[:, 1] = rot.exp(np.stack([t, 0 * t, 0 * t], axis=-1))
    motion = Motion(canonical(), np.zeros((240, 3)), rotations)
    path = tmp_path / "spin.bvh"
    bvh.write(path, motion)
    rows = path.read_text().split("Frame Time:")[1].splitlines()[1:]
    values = np.array([[float(x) for x in row.split()] for row in rows])
    assert np.abs(np.diff(values, axis=0)).max() < 10.0
    back, _ = joints_in_order(bvh.read(path), motion.skeleton.names)
    assert rot.angle_between(back, motion.rotations).max() < 1e-4


@pytest.mark.parametrize("middle", [90.0, -90.0, 89.99999, -89.995])
def test_writing_through_gimbal_lock(middle, tmp_path):
    t = np.linspace(-1, 1, 50)
    angles = np.deg2rad(np.stack([40 * t, middle + 0 * t, 100 * t], axis=-1))
    rotations = np.tile(rot.IDENTITY, (50, 22, 1))
    rotations[:, 16] = rot.from_euler(angles, "ZXY")
    bvh.write(tmp_path / "lock.bvh", Motion(canonical(), np.zeros((50, 3)), rotations))
    back, _ = joints_in_order(bvh.read(tmp_path / "lock.bvh"), canonical().names)
    assert rot.angle_between(back, rotations).max() < 1e-4


def test_written_end_sites_and_names(tmp_path):
    skeleton = Skeleton("other", ("hips", "left hand", "left{hand", "stub"), (-1, 0, 0, 0), np.array(
        [[0, 0, 0], [0.2, 0, 0], [-0.2, 0, 0], [0, 0, 0]]))  # fmt: skip
    motion = Motion(skeleton, np.zeros((1, 3)), np.tile(rot.IDENTITY, (1, 4, 1)))
    path = tmp_path / "ends.bvh"
    bvh.write(path, motion, {"left hand": [0.1, 0.0, 0.0]})
    assert bvh.read(path).skeleton.names == ("hips", "left_hand", "left_hand_2", "stub")
    ends = bvh.end_sites(path)
    assert np.allclose(ends["left_hand"], [0.1, 0, 0]) and np.allclose(ends["left_hand_2"], [-0.1, 0, 0])


def test_a_failed_write_leaves_the_old_file(tmp_path, random_motion):
    path = tmp_path / "keep.bvh"
    bvh.write(path, random_motion(frames=3))
    before = path.read_bytes()
    several = Skeleton("other", ("a", "b"), (-1, -1), np.zeros((2, 3)))
    with pytest.raises(BvhError, match="one root"):
        bvh.write(path, Motion(several, np.zeros((1, 3)), np.tile(rot.IDENTITY, (1, 2, 1))))
    assert path.read_bytes() == before
    with pytest.raises(OSError):
        bvh.write(tmp_path / "no" / "such.bvh", random_motion(frames=3))
    assert [p.name for p in tmp_path.iterdir()] == ["keep.bvh"]


def test_five_thousand_frames_are_read_whole(tmp_path, random_motion):
    given = random_motion(canonical(), frames=5000)
    bvh.write(tmp_path / "long.bvh", given)
    motion = bvh.read(tmp_path / "long.bvh")
    assert len(motion) == 5000 and np.allclose(motion.root[-1], given.root[-1], atol=1e-5)


def test_long_files_are_read_piece_by_piece(file, monkeypatch):
    rows = [f"{k % 90} 90.5 -20 {k % 180} 0 0 0 1.5 2 0 0 0 -3 0 {k % 7}" for k in range(300)]
    head = MOTIONBUILDER[: MOTIONBUILDER.index("MOTION")] + "MOTION\nFrames: 300\nFrame Time: 0.0083333\n"
    whole = bvh.read(file(head + "\n".join(rows)))
    monkeypatch.setattr("backend.motion.formats.text._PIECE", 100)
    monkeypatch.setattr(bvh, "_FRAMES_AT_ONCE", 7)
    again = bvh.read(file(head + "\n".join(rows)))
    assert np.array_equal(whole.rotations, again.rotations) and np.array_equal(whole.root, again.root)
    for changed, says in ((rows[:-1], "only 299"), ([*rows, "1"], "more"), ([*rows[:250], "0 x", *rows[251:]], "'x'")):
        with pytest.raises(BvhError, match=says) as caught:
            bvh.read(file(head + "\n".join(changed)))
        if says == "'x'":
            assert caught.value.line == head.count("\n") + 251


def test_layouts_fit_their_bone_maps():
    """The names that the two CMU families use are in the presets (whole skeletons: test_real_mocap)."""
    names = {p.name: {b for bones in p.slots.values() for b in bones} for p in bone_presets.presets()}
    assert {"LeftUpLeg", "LeftLeg"} <= names["CMU MotionBuilder"]
    assert {"hip", "abdomen", "lShldr"} <= names["DAZ (cgspeed)"]
