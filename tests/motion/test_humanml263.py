"""HumanML3D-263 against HumanML3D's public sample, and for our Motions."""

from pathlib import Path

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.features import guo, humanml263, normalisation
from backend.motion.features.humanml3d_body import REFERENCE
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "humanml3d"


@pytest.fixture(scope="module")
def sample():
    """Joints (170, 22, 3) and rows (170, 263) of clip 012314 as they are published."""
    if not (SAMPLE / "vectors_012314.npy").exists():
        pytest.skip(f"no public sample of HumanML3D in {SAMPLE}")
    return np.load(SAMPLE / "joints_012314.npy"), np.load(SAMPLE / "vectors_012314.npy")


def walking(frames: int = 61) -> Motion:
    """A smooth motion on our own skeleton at 20 fps that walks along a curve."""
    rng = np.random.default_rng(4)
    vectors = kinematics.gaussian(rng.normal(size=(frames, 22, 3)), 6.0)
    rotations = rot.exp(vectors)
    rotations[:, 0] = rot.multiply(rot.about_y(1.0 + 0.02 * np.arange(frames)), rot.exp(0.3 * vectors[:, 0]))
    root = np.array([3.0, 0.95, -2.0]) + np.arange(frames)[:, None] * [0.03, 0.0, 0.02]
    return Motion(canonical(), root, rotations, 20)


def test_the_sample_comes_back_from_ric_and_from_rotations(sample):
    joints, rows = sample
    assert np.abs(humanml263.decode_positions(rows) - joints).max() < 5e-7  # rounding of float32
    assert np.abs(humanml263.decode_rotations(rows) - joints).max() < 1.5e-6


def test_the_sample_has_the_reference_lengths(sample):
    joints, _ = sample
    bones = np.linalg.norm(joints - joints[:, list(humanml263.SKELETON.parents)], axis=-1)
    assert np.abs(bones[:, 1:] - humanml263.LENGTHS[1:]).max() < 2e-6


def test_the_sample_is_extracted_again(sample):
    """The sample had one frame more: its smoothing saw a frame that ours cannot, which reaches 80 frames back."""
    joints, rows = sample
    for again in (guo.rows(humanml263.SKELETON, joints), humanml263.encode_positions(joints)):
        differences = np.abs(again - rows[:-1])
        assert differences[:-80].max() < 1e-5
        assert differences.max() < 0.0135
        assert differences[:, 3].max() < 2e-7
        assert differences[:, humanml263.LAYOUT["contacts"]].max() == 0.0


def test_the_sample_has_the_spike_of_row_0(sample):
    joints, rows = sample
    assert rows[0, 0] == pytest.approx(0.10637, abs=1e-5)
    assert humanml263.encode_positions(joints)[0, 0] == pytest.approx(rows[0, 0], abs=1e-6)


def test_motions_are_put_on_the_reference_skeleton():
    motion = walking()
    rows = humanml263.encode(motion)
    assert rows.shape == (60, 263) and rows.dtype == np.float32
    positions = humanml263.decode_positions(rows)
    bones = np.linalg.norm(positions - positions[:, list(humanml263.SKELETON.parents)], axis=-1)
    assert np.abs(bones[:, 1:] - humanml263.LENGTHS[1:]).max() < 1e-5
    scale = REFERENCE["smpl22"].leg_length / motion.skeleton.leg_length
    way = np.linalg.norm(np.diff(motion.root[:-1], axis=0), axis=-1).sum() * scale
    assert np.linalg.norm(np.diff(positions[:, 0], axis=0), axis=-1).sum() == pytest.approx(way, rel=1e-4)


def test_a_motion_comes_back_with_rotations_that_give_its_positions():
    rows = humanml263.encode(walking())
    motion = humanml263.decode(rows)
    assert (len(motion), motion.fps, motion.skeleton.kind) == (60, 20, "smpl22")
    assert np.array_equal(motion.contacts, rows[:, humanml263.LAYOUT["contacts"]] > 0.5)
    error = np.linalg.norm(kinematics.joint_positions(motion) - humanml263.decode_positions(rows), axis=-1)
    assert error.mean() < 0.005


def test_rotations_are_described_on_the_published_body_and_found_on_it():
    """Its torso is not straight as ours is: to take the bones' directions for ours would bend every spine."""
    motion = walking()
    q = motion.rotations.copy()
    q[:, 1:] = rot.IDENTITY
    found = humanml263.decode(humanml263.encode(Motion(motion.skeleton, motion.root, q, 20)))
    torso = [motion.skeleton.index(name) for name in ("spine1", "spine2", "spine3", "neck", "head", "left_collar")]
    assert np.degrees(rot.angle(found.rotations[:, torso])).max() < 0.1
    assert np.abs(found.skeleton.offsets - REFERENCE["smpl22"].offsets).max() < 1e-5


def test_the_sample_stands_as_people_do(sample):
    """Against straight rest directions the chest of this clip leans 45 degrees from its spine, the neck 30."""
    motion = humanml263.decode(sample[1])
    pitch = np.degrees(rot.log(motion.rotations)[..., 0].mean(axis=0))
    assert abs(pitch[motion.skeleton.index("spine3")]) < 30.0
    assert abs(pitch[motion.skeleton.index("neck")]) < 10.0


def spinning(frames: int = 161) -> Motion:
    """``walking`` that turns by another 0.05 radians a frame about where it began."""
    motion = walking(frames)
    motion = motion.moved(0.0, -motion.root[0] * np.array([1.0, 0.0, 1.0]))
    spin = rot.about_y(0.05 * np.arange(frames))
    q = motion.rotations.copy()
    q[:, 0] = rot.multiply(spin, q[:, 0])
    return Motion(motion.skeleton, rot.rotate(spin, motion.root), q, 20)


def test_a_heading_that_passes_half_a_turn_comes_back_true():
    """There the published rows hold one step of the turn backwards. Positions are recovered as published, turned by
    twice that step from then on; a Motion is mended."""
    motion = spinning()
    there = motion.on(REFERENCE["smpl22"])
    there = there.moved(-kinematics.facing_yaw(kinematics.joint_positions(there)[0], there.skeleton))
    wanted = kinematics.joint_positions(there) - there.root[0] * np.array([1.0, 0.0, 1.0])
    wanted[..., 1] -= wanted[..., 1].min()
    rows = humanml263.encode(motion)
    assert np.abs(humanml263.decode_positions(rows) - wanted[:-1]).max() > 0.05
    assert np.abs(kinematics.joint_positions(humanml263.decode(rows)) - wanted[:-1]).max() < 1e-4


def test_rows_without_that_step_are_left_alone(sample):
    _, rows = sample
    assert np.array_equal(guo.mended(humanml263.SKELETON, rows), rows.astype(float))


@pytest.mark.parametrize("level", [0.02, 0.05, 0.1])
def test_rows_that_are_not_exact_keep_their_turns_away_from_half_a_turn(level):
    """A model's rows are noisy in every number, and so is what they show of a turn."""
    rng = np.random.default_rng(5)
    deviations = normalisation.published("humanml3d-a").std * level
    exact = humanml263.encode(walking())
    for _ in range(10):
        rows = exact + rng.normal(size=exact.shape) * deviations
        assert np.array_equal(guo.mended(humanml263.SKELETON, rows), rows)
    exact = humanml263.encode(spinning())
    true = guo.mended(humanml263.SKELETON, exact)
    assert (true != exact).any()
    for _ in range(10):
        rows = exact + rng.normal(size=exact.shape) * deviations
        found = guo.mended(humanml263.SKELETON, rows)
        half, _ = guo.root_path(found)
        changed = np.flatnonzero(found[:, 0] != rows[:, 0])
        to_border = np.abs(half[changed] % np.pi - np.pi / 2)
        assert (to_border <= np.abs(rows[changed, 0])).all()
        wanted, published = guo.root_path(true)[0][-1], guo.root_path(rows)[0][-1]
        assert abs(half[-1] - wanted) <= abs(published - wanted)


def test_errors_name_the_remedy():
    motion = walking(5)
    with pytest.raises(ValueError, match="20 fps, got 30; resample first"):
        humanml263.encode(Motion(motion.skeleton, motion.root, motion.rotations, 30))
    hands = canonical("smplx52")
    with pytest.raises(ValueError, match="'smplx52'; retarget first"):
        humanml263.encode(Motion(hands, np.zeros((3, 3)), np.tile(rot.IDENTITY, (3, 52, 1)), 20))
    with pytest.raises(ValueError, match="at least 2 frames"):
        humanml263.encode(motion[:1])
