"""ASF/AMC: small files in CMU's layout with poses checkable by hand, and damaged files."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.motion import rotations as rot
from backend.motion.formats import asf_amc
from backend.motion.formats.asf_amc import AsfAmcError
from backend.motion.formats.text import Limits
from backend.motion.kinematics import joint_positions

METRES = 2.54 / (100 * 0.45)

ASF = """# AST/ASF file generated using VICON BodyLanguage
# -----------------------------------------------
:version 1.10
:name VICON
:units
  mass 1.0
  length 0.45
  angle deg
:documentation
   .ast/.asf automatically generated from VICON data using
   VICON BodyBuilder and BodyLanguage model FoxedUp or BRILLIANT.MOD
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0  
   orientation 0 0 0 
:bonedata
  begin
     id 1 
     name lhipjoint
     direction 1 0 0 
     length 2 
     axis 0 0 0  XYZ
  end
  begin
     id 2 
     name lfemur
     direction 0 -1 0  
     length 7
     axis 0 0 90  XYZ
    dof rx ry rz
    limits (-160.0 20.0)
           (-70.0 70.0)
           (-60.0 70.0)
  end
  begin
     id 3 
     name ltibia
     direction 0 -1 0   
     length 8
     axis 0 0 0   XYZ
    dof rx
    limits (-10.0 170.0)
  end
:hierarchy
  begin
    root lhipjoint
    lhipjoint lfemur
    lfemur ltibia
  end
"""  # noqa: W291

AMC = """#!OML:ASF H:\\Terrain\\PLAYGROUND\\JustinFriday.ASF
:FULLY-SPECIFIED
:DEGREES
1
root 10 20 30 0 0 0
lfemur 0 0 0
ltibia 0
2
root 10 20 30 0 90 0
lfemur 90 0 0
ltibia 3.64024e-015
3
root 0 0 0 90 90 0
lfemur 30 40 50
ltibia -90
"""


@pytest.fixture
def files(tmp_path):
    def write(asf=ASF, amc=AMC):
        paths = tmp_path / "01.asf", tmp_path / "01_01.amc"
        for path, text in zip(paths, (asf, amc)):
            path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return paths

    return write


def test_skeleton_by_hand(files):
    asf = asf_amc.read_asf(files()[0])
    assert asf.skeleton.names == ("root", "lhipjoint", "lfemur", "ltibia")
    assert asf.skeleton.parents == (-1, 0, 1, 2)
    expected = np.array([[0, 0, 0], [0, 0, 0], [2, 0, 0], [0, -7, 0]]) * METRES
    assert np.allclose(asf.skeleton.offsets, expected)
    assert np.allclose(asf.ends[3], [0, -8 * METRES, 0])
    assert pytest.approx(0.0564444, abs=1e-6) == asf.metres
    assert asf.dofs == (("tx", "ty", "tz", "rx", "ry", "rz"), (), ("rx", "ry", "rz"), ("rx",))


def test_poses_by_hand(files):
    motion = asf_amc.read(*files())
    assert motion.fps == 120 and len(motion) == 3
    at = joint_positions(motion) / METRES
    assert np.allclose(at[0], [[10, 20, 30], [10, 20, 30], [12, 20, 30], [12, 13, 30]])
    # root turned 90 about Y: +X becomes -Z. The femur's own x axis (axis 0 0 90) is the world's +Y: 90 about it turns
    # nothing that hangs along -Y
    assert np.allclose(at[1], [[10, 20, 30], [10, 20, 30], [10, 20, 28], [10, 13, 28]])


def test_rotations_against_matrices(files):
    """C R C^-1 with fixed axes, the first listed first, written out with matrices."""

    def turn(axis, degrees):
        return rot.to_matrix(rot.exp(np.deg2rad(degrees) * np.eye(3)["xyz".index(axis)]))

    motion = asf_amc.read(*files())
    root = turn("z", 0) @ turn("y", 90) @ turn("x", 90)
    assert np.allclose(rot.to_matrix(motion.rotations[2, 0]), root, atol=1e-12)
    c = turn("z", 90)
    femur = c @ turn("z", 50) @ turn("y", 40) @ turn("x", 30) @ c.T
    assert np.allclose(rot.to_matrix(motion.rotations[2, 2]), femur, atol=1e-12)
    assert np.allclose(rot.to_matrix(motion.rotations[2, 3]), turn("x", -90), atol=1e-12)
    assert np.allclose(motion.rotations[:, 1], rot.IDENTITY)


def test_axis_with_three_angles(files):
    asf = asf_amc.read_asf(files(ASF.replace("axis 0 0 90  XYZ", "axis 10 20 30 XYZ"))[0])
    x, y, z = (rot.to_matrix(rot.exp(np.deg2rad(a) * e)) for a, e in zip((10, 20, 30), np.eye(3)))
    assert np.allclose(rot.to_matrix(asf.axes[2]), z @ y @ x, atol=1e-12)


def test_dof_order_and_root_order(files):
    asf = ASF.replace("dof rx ry rz", "dof rz ry rx").replace("order TX TY TZ RX RY RZ", "order RX RY RZ TZ TY TX")
    amc = AMC.replace("root 10 20 30 0 90 0", "root 0 90 0 30 20 10").replace("lfemur 30 40 50", "lfemur 50 40 30")
    motion = asf_amc.read(*files(asf, amc))
    assert np.allclose(motion.root[1], np.array([10, 20, 30]) * METRES)
    x, y, z = (rot.to_matrix(rot.exp(np.deg2rad(a) * e)) for a, e in zip((30, 40, 50), np.eye(3)))
    c = rot.to_matrix(rot.exp(np.pi / 2 * np.eye(3)[2]))
    assert np.allclose(rot.to_matrix(motion.rotations[2, 2]), c @ x @ y @ z @ c.T, atol=1e-12)


def test_radians_and_fps_and_crlf(files):
    amc = AMC.replace(":DEGREES", ":RADIANS").replace("0 90 0", f"0 {np.pi / 2} 0").replace("\n", "\r\n")
    motion = asf_amc.read(*files(ASF.replace("\n", "\r\n"), amc), fps=60)
    assert motion.fps == 60
    assert rot.angle_between(motion.rotations[1, 0], rot.about_y(np.pi / 2)) < 1e-9


def test_frames_may_start_anywhere(files):
    amc = AMC.replace("\n1\n", "\n5\n").replace("\n2\n", "\n6\n").replace("\n3\n", "\n7\n")
    assert len(asf_amc.read(*files(amc=amc))) == 3


BROKEN_ASF = [
    ("", "no bones", None),
    (ASF.replace("length 7", "length seven"), "expected a number, got 'seven'", "length seven"),
    (ASF.replace("length 7", "length nan"), "got 'nan'", "length nan"),
    (ASF.replace("length 7", "length 1e300"), "beyond any measure", None),
    (ASF.replace("length 0.45", "length 0"), "positive number", "length 0"),
    (ASF.replace("direction 0 -1 0  \n", "direction 0 -1\n", 1), "three numbers", "direction 0 -1"),
    (ASF.replace("dof rx ry rz", "dof rx ry rw"), "'rw'", "dof rx ry rw"),
    (ASF.replace("dof rx ry rz", "dof rx rx"), "twice", "dof rx rx"),
    (ASF.replace("axis 0 0 90  XYZ", "axis 0 0 90  XXZ"), "axis order", "XXZ"),
    (ASF.replace("name ltibia", "name lfemur"), "name of its own", "end"),
    (ASF.replace("    lfemur ltibia\n", ""), "does not hang from root", None),
    (ASF.replace("lfemur ltibia", "lfemur nothing"), "not in :bonedata", "lfemur nothing"),
    (ASF.replace("lhipjoint lfemur", "ltibia lfemur"), "does not hang from root", None),
    (ASF.replace("lfemur ltibia", "lfemur ltibia ltibia"), "two parents", "ltibia ltibia"),
    (ASF.replace(":bonedata\n  begin", ":bonedata"), "expected 'begin'", "id 1"),
    (ASF[: ASF.index("limits (-10")], "no 'end'", None),
]


@pytest.mark.parametrize("text, says, line", BROKEN_ASF)
def test_asf_errors(text, says, line, files):
    with pytest.raises(AsfAmcError, match=says) as caught:
        asf_amc.read_asf(files(text)[0])
    assert "01.asf" in str(caught.value)
    if line:
        assert line in text.split("\n")[caught.value.line - 1]


BROKEN_AMC = [
    ("", "no frames", None),
    (AMC.replace("\n1\n", "\none\n"), "number of the first frame", "one"),
    (AMC.replace("lfemur", "lfemurr"), "not in the skeleton", "lfemurr"),
    (AMC.replace("lfemur 0 0 0", "lfemur 0 0"), "2 numbers, the skeleton has 3", "lfemur 0 0"),
    (AMC.replace("ltibia 0\n", "ltibia 0\nltibia 0\n"), "twice in one frame", "ltibia 0"),
    (AMC.replace("lfemur 30 40 50", "lfemur 30 nan 50"), "3 finite numbers", "30 nan"),
    (AMC.replace("lfemur 30 40 50", "lfemur 30 4o 50"), "3 finite numbers", "30 4o"),
    (AMC.replace("lfemur 30 40 50", "lfemur 30 40"), "3 finite numbers", "30 40"),
    (AMC.replace("\n3\n", "\n4\n"), "expected frame 3, got '4'", "4"),
    (AMC.replace("ltibia -90\n", ""), "frame 3 is incomplete", None),
    (AMC.replace("root 0 0 0 90 90 0", "ltibia 0"), "expected 'root'", "ltibia 0"),
    (AMC.replace("root 10 20 30 0 0 0\n", ""), "no line for 'root'|expected", None),
    ("1\nlfemur 0 0 0\n", "no line for 'root'", "1"),
    ("1\n", "no line for 'root'", "1"),
    (AMC.replace("lfemur 30 40 50", "lfemur 30 1e12 50"), "3 finite numbers", "1e12"),
]


@pytest.mark.parametrize("text, says, line", BROKEN_AMC)
def test_amc_errors(text, says, line, files):
    with pytest.raises(AsfAmcError, match=says) as caught:
        asf_amc.read(*files(amc=text))
    assert "01_01.amc" in str(caught.value)
    if line:
        assert line in text.split("\n")[caught.value.line - 1]


def test_missing_files(tmp_path, files):
    asf, amc = files()
    for pair in ((tmp_path / "no.asf", amc), (asf, tmp_path / "no.amc"), (asf, tmp_path)):
        with pytest.raises(AsfAmcError, match="cannot be opened"):
            asf_amc.read(*pair)


def test_bounds(files):
    for limits, says in ((Limits(frames=2), "too long"), (Limits(values=20), "too long"), (Limits(depth=3), "deeper")):
        with pytest.raises(AsfAmcError, match=says):
            asf_amc.read(*files(), limits=limits)
    with pytest.raises(AsfAmcError, match="at most 3 bones"):
        asf_amc.read(*files(), limits=Limits(joints=3))


WORDS = [b"begin", b"end", b":hierarchy", b":bonedata", b":units", b"dof rx", b"root", b"nan", b"1e308", b"\n",
         b"lfemur", b"length -1", "\u0663".encode(), b"\xff", b"#", b"9" * 400, b"axis 1 2 3 ZZZ",
         b"order rx"]  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_files_never_raise_anything_else(files, data):
    texts = [bytearray(ASF.encode()), bytearray(AMC.encode())]
    for _ in range(data.draw(st.integers(1, 4))):
        text = data.draw(st.sampled_from(texts))
        at = data.draw(st.integers(0, len(text)))
        text[at : at + data.draw(st.integers(0, 30))] = data.draw(
            st.one_of(st.binary(max_size=8), st.sampled_from(WORDS))
        )
    try:
        motion = asf_amc.read(*files(bytes(texts[0]), bytes(texts[1])))
    except AsfAmcError:
        return
    assert np.isfinite(joint_positions(motion)).all()


def test_a_long_take_is_read_whole(files):
    frame = "root 1.5 2.5 3.5 10.25 -4.5 8.125\nlfemur 1.25 -2.5 3.75\nltibia 10.5\n"
    amc = ":DEGREES\n" + "".join(
        f"{k}\n{frame}" for k in range(1, 25001)
    )  # as many numbers as 5000 frames of CMU's 29 bones
    assert len(asf_amc.read(*files(amc=amc))) == 25000


def test_long_takes_are_read_piece_by_piece(files, monkeypatch):
    frames = [
        f"{k}\nroot 1.5 {k} 3.5 10.25 {k % 90} 8.125\nlfemur 1.25 -2.5 {k % 7}\nltibia 10.5\n" for k in range(1, 301)
    ]
    whole = asf_amc.read(*files(amc=":DEGREES\n" + "".join(frames)))
    monkeypatch.setattr("backend.motion.formats.text._PIECE", 100)
    again = asf_amc.read(*files(amc=":DEGREES\n" + "".join(frames)))
    assert np.array_equal(whole.rotations, again.rotations) and np.array_equal(whole.root, again.root)
    with pytest.raises(AsfAmcError, match="too long"):
        asf_amc.read(*files(amc=":DEGREES\n" + "".join(frames)), limits=Limits(frames=299))
    for k, says in ((250, "expected frame 251, got '252'"), (299, "frame 300 is incomplete")):
        broken = [*frames[:k], *frames[k + 1 :]] if k < 299 else [*frames[:k], "300\nroot 1 2 3 4 5 6\n"]
        with pytest.raises(AsfAmcError, match=says):
            asf_amc.read(*files(amc=":DEGREES\n" + "".join(broken)))
