import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.features import ms272
from backend.motion.motion import Motion
from backend.motion.skeleton import Skeleton, canonical


def wandering(seed: int, frames: int = 90, kind: str = "smpl22") -> Motion:
    """A smooth random motion that walks along a curve anywhere in the world."""
    rng, skeleton = np.random.default_rng(seed), canonical(kind)
    vectors = kinematics.gaussian(rng.normal(size=(frames, len(skeleton), 3)) * 2.0, 6.0)
    yaw = np.cumsum(rng.uniform(-0.1, 0.1, frames)) + rng.uniform(-3, 3)
    rotations = rot.exp(vectors)
    rotations[:, 0] = rot.multiply(rot.about_y(yaw), rot.exp(vectors[:, 0] * 0.2))
    root = np.cumsum(rng.normal(size=(frames, 3)) * 0.02, axis=0) + rng.uniform(-5, 5, 3)
    return Motion(skeleton, root, rotations, 30)


def canonicalised(motion: Motion) -> Motion:
    yaw = kinematics.heading(motion)[0]
    turned = motion.moved(-yaw)
    return turned.moved(0.0, -turned.root[0] * np.array([1.0, 0.0, 1.0]))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([("smpl22", 272), ("smplx52", 632)]))
def test_round_trip_after_canonicalisation(seed, body):
    kind, width = body
    motion = wandering(seed, kind=kind)
    features = ms272.encode(motion)
    assert features.shape == (90, width)
    back = ms272.decode(features)
    expected = canonicalised(motion)
    assert len(back) == len(motion)
    assert np.abs(back.root - expected.root).max() < 1e-4
    assert np.abs(kinematics.joint_positions(back) - kinematics.joint_positions(expected)).max() < 1e-4
    assert rot.angle_between(back.rotations, expected.rotations).max() < 2e-3


def test_place_and_heading_do_not_enter():
    motion = wandering(3)
    assert np.abs(ms272.encode(motion) - ms272.encode(motion.moved(1.3, (4.0, 0.0, -2.0)))).max() < 1e-5


def test_decoding_ignores_joint_positions():
    features = ms272.encode(wandering(5))
    spoiled = features.copy()
    spoiled[:, ms272.POSITIONS] += 7.0
    spoiled[:, ms272.VELOCITIES] -= 3.0
    spoiled[:, ms272.HEIGHT] = features[:, ms272.HEIGHT]
    assert np.array_equal(ms272.decode(features).root, ms272.decode(spoiled).root)
    assert np.array_equal(ms272.decode(features).rotations, ms272.decode(spoiled).rotations)


def test_heading_turns_at_most_forty_degrees_a_frame():
    motion = wandering(1, 40)
    rotations = motion.rotations.copy()
    rotations[20:, 0] = rot.multiply(rot.about_y(3.0), rotations[20:, 0])
    spun = Motion(motion.skeleton, motion.root, rotations, 30)
    assert np.abs(np.diff(kinematics.heading(spun))).max() <= np.deg2rad(40.0) + 1e-9
    back = ms272.decode(ms272.encode(spun))
    assert np.abs(kinematics.joint_positions(back) - kinematics.joint_positions(canonicalised(spun))).max() < 1e-4


def test_one_frame_and_errors():
    motion = wandering(2)
    assert ms272.encode(motion[:1]).shape == (1, 272)
    with pytest.raises(ValueError, match="30 fps"):
        ms272.encode(Motion(motion.skeleton, motion.root, motion.rotations, 20))
    with pytest.raises(ValueError, match=r"\(T, 272\)"):
        ms272.decode(np.zeros((4, 263)))
    with pytest.raises(ValueError, match="width 632 are of a smplx52 skeleton, got 'smpl22'"):
        ms272.decode(np.zeros((4, 632)), canonical())
    with pytest.raises(ValueError, match="SMPL-22 or SMPL-X-52 motions, got skeleton kind 'other'"):
        other = Skeleton("other", ("a",), (-1,), np.zeros((1, 3)))
        ms272.encode(Motion(other, np.zeros((1, 3)), np.array([[[1.0, 0, 0, 0]]]), 30))


def test_the_layout_by_name():
    assert [(name, part.start, part.stop) for name, part in ms272.LAYOUT.items()] == [
        ("velocity", 0, 2), ("turn", 2, 8), ("positions", 8, 74), ("velocities", 74, 140), ("rotations", 140, 272),
    ]  # fmt: skip
    assert ms272.layout(52)["rotations"] == slice(320, 632)
