"""The one interface of all feature codecs: what every one of them promises."""

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion.features import kit_joints
from backend.motion.features.codec import CODECS, Codec, codec
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical

every_codec = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)


@pytest.fixture
def fitting(random_motion):
    """Function (codec, seed) -> a Motion of 60 frames that it takes, somewhere in the world and turned."""

    def make(codec: Codec, seed: int = 0) -> Motion:
        motion = random_motion(canonical(codec.kind), frames=60, fps=codec.fps, seed=seed, amount=0.4)
        return motion.moved(0.7)

    return make


def distance(a, b) -> float:
    """Metres between the joints of two motions of the same frames, at most."""
    return np.linalg.norm(kinematics.joint_positions(a) - kinematics.joint_positions(b), axis=-1).max()


def test_the_published_ones_are_there():
    assert {name: (c.width, float(c.fps), c.kind, c.spare) for name, c in CODECS.items()} == {
        "humanml263": (263, 20, "smpl22", 1),
        "kit251": (251, 12.5, "smpl22", 1),
        "motionx623": (623, 30, "smplx52", 1),
        "ms272": (272, 30, "smpl22", 0),
        "ms272_hands": (632, 30, "smplx52", 0),
    }
    assert codec("kit251") is CODECS["kit251"]
    with pytest.raises(ValueError, match=r"'tomato'; known: humanml263, kit251, .*ms272_hands"):
        codec("tomato")


@every_codec
def test_the_layout_covers_a_row_once(codec):
    ends = [0, *(block.stop for block in codec.layout.values())]
    assert [block.start for block in codec.layout.values()] == ends[:-1]
    assert ends[-1] == codec.width


@every_codec
def test_rows_and_motions_have_the_promised_shape(codec, fitting):
    motion = fitting(codec)
    rows = codec.encode(motion)
    assert rows.shape == (len(motion) - codec.spare, codec.width) and rows.dtype == np.float32
    back = codec.decode(rows)
    assert (len(back), back.fps, back.skeleton.kind) == (len(rows), codec.fps, codec.kind)
    assert np.array_equal(codec.decode(codec.encode(motion)).rotations, back.rotations)


@every_codec
def test_decoded_motions_start_at_the_origin_facing_z(codec, fitting):
    for seed in range(3):
        back = codec.decode(codec.encode(fitting(codec, seed)))
        assert np.abs(back.root[0, [0, 2]]).max() < 1e-4
        assert abs(kinematics.facing_yaw(kinematics.joint_positions(back)[0], back.skeleton)) < 0.1


@every_codec
def test_where_a_motion_stands_and_faces_does_not_enter(codec, fitting):
    motion = fitting(codec)
    elsewhere = motion.moved(1.3, (4.0, 0.0, -2.0))
    assert distance(codec.decode(codec.encode(motion)), codec.decode(codec.encode(elsewhere))) < 1e-4


@every_codec
def test_positions_come_back(codec, fitting):
    """Against the positions in the rows, on the codec's own joints; where rows hold none, the motion itself."""
    motion = fitting(codec)
    rows = codec.encode(motion)
    got = kinematics.joint_positions(codec.decode(rows))
    if codec.positions is None:
        yaw = kinematics.heading(motion)[0]
        there = motion.moved(-yaw)
        wanted = kinematics.joint_positions(there) - there.root[0] * np.array([1.0, 0.0, 1.0])
    else:
        wanted = codec.positions(rows)
        got = kit_joints.from_smpl(got) if codec.name == "kit251" else got
    # KIT has no collar bones: where a shoulder is raised alone its chest is not as rigid as ours
    assert np.linalg.norm(got - wanted, axis=-1).mean() < (0.01 if codec.name == "kit251" else 0.0005)


@every_codec
def test_what_was_decoded_once_is_kept(codec, fitting):
    """A decoded motion has the codec's bones and start already: encoding it again changes next to nothing."""
    back = codec.decode(codec.encode(fitting(codec)))
    again = codec.decode(codec.encode(back))
    assert np.median(np.linalg.norm(again.root - back.root[: len(again)], axis=-1)) < 0.002
    local = [kinematics.joint_positions(m) - m.root[:, None] for m in (again, back[: len(again)])]
    assert np.linalg.norm(local[0] - local[1], axis=-1).mean() < 0.002


@every_codec
def test_errors_say_what_was_got_and_what_to_do(codec, fitting):
    motion = fitting(codec)
    other = canonical("smplx52" if codec.kind == "smpl22" else "smpl22")
    rest = np.zeros((5, len(other), 4)) + [1.0, 0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match=f"got skeleton kind '{other.kind}'; retarget first"):
        codec.encode(Motion(other, np.zeros((5, 3)), rest, codec.fps))
    with pytest.raises(ValueError, match=f"runs at {float(codec.fps):g} fps, got 24; resample first"):
        codec.encode(Motion(motion.skeleton, motion.root, motion.rotations, 24))
    rows = codec.encode(motion)
    for wrong in (rows[:, 1:], rows[:0], rows[0]):
        with pytest.raises(ValueError, match=rf"features must be .*\(T, {codec.width}\).*got"):
            codec.decode(wrong)
    rows[3, 5] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        codec.decode(rows)


def test_the_hands_of_ms272_are_not_taken_for_a_body(fitting):
    hands = CODECS["ms272_hands"]
    with pytest.raises(ValueError, match="width 632 are of a smplx52 skeleton, got 'smpl22'"):
        CODECS["ms272"].decode(hands.encode(fitting(hands)))
