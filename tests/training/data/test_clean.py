"""Cleaning: T-pose lead-ins and broken frames out, the floor at zero, bodies of other proportions put on the ground."""

from dataclasses import replace

import numpy as np
import pytest

from backend.motion import bone_presets
from backend.motion import rotations as rot
from backend.motion.floor import foot_heights
from backend.motion.kinematics import joint_positions
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from training.data import preparing
from training.data.clean import grounded, lead_in, longest_sound_part
from training.data.sources.take import Take

SKELETON = canonical()


def one_after_the_other(*motions):
    first = motions[0]
    return replace(
        first,
        root=np.concatenate([m.root for m in motions]),
        rotations=np.concatenate([m.rotations for m in motions]),
        contacts=np.concatenate([m.contacts for m in motions]),
    )


NO_WORDS = {"cmu": {}, "dance": {}}


def clean(motion, tpose_start=True):
    take = Take("t", "cmu", "01", "walk", motion, bone_presets.match(SKELETON.names), tpose_start=tpose_start)
    return preparing.prepare(take, "smpl22", NO_WORDS)[0]


def lowering(make, frames):
    """The arms going down from a T-pose."""
    t = np.linspace(0, 1, frames)
    return make.stand(frames / 30, make.arms(-1.3 * t, 1.3 * t))


@pytest.mark.parametrize("yaw", [0.0, 2.0, -1.5])
def test_a_tpose_and_the_way_out_of_it_are_dropped(make, yaw):
    tpose = make.stand(1.0, make.arms(0, 0))
    motion = one_after_the_other(tpose, lowering(make, 20), make.stand(2.0)).moved(yaw, (3.0, 0.0, 1.0))
    start = lead_in(motion)
    assert 36 <= start <= 55
    elbow = joint_positions(motion)[start, SKELETON.index("left_elbow")]
    shoulder = joint_positions(motion)[start, SKELETON.index("left_shoulder")]
    assert shoulder[1] - elbow[1] > 0.15  # 0.302 when it hangs
    assert len(clean(motion)) == len(motion) - start
    assert len(clean(motion, tpose_start=False)) == len(motion)


def test_a_single_tpose_frame_costs_one_frame(make):
    motion = one_after_the_other(make.stand(1 / 30, make.arms(0, 0)), make.walk(2.0))
    assert lead_in(motion) == 1
    assert len(clean(motion)) == 60


def test_a_tpose_elsewhere_is_motion(make):
    motion = one_after_the_other(make.stand(1.0), make.stand(1.0, make.arms(0, 0)), make.stand(1.0))
    assert lead_in(motion) == 0
    one_arm = make.stand(1.0, make.arms(left=0))
    assert lead_in(one_arm) == 0


def test_never_everything_is_a_lead_in(make):
    motion = make.stand(1.0, make.arms(0, 0))
    assert 0 < lead_in(motion) < len(motion)


def test_the_longest_sound_part_is_kept(make):
    motion = make.walk(4.0)
    root = motion.root.copy()
    root[40:] += [3.0, 0, 0]  # one jump, then everything stays there
    broken = replace(motion, root=root)
    assert longest_sound_part(broken) == slice(40, 120)
    rotations = motion.rotations.copy()
    rotations[90] = rot.normalize(np.random.default_rng(0).normal(size=rotations[90].shape))  # one frame of noise
    assert longest_sound_part(replace(motion, rotations=rotations)) == slice(0, 90)
    assert longest_sound_part(motion) == slice(0, 120)
    assert longest_sound_part(motion[:1]) == slice(0, 1)


def test_a_fast_sound_motion_is_not_cut(make):
    assert longest_sound_part(make.walk(2.0, speed=7.0)) == slice(0, 60)


def test_less_than_a_third_of_a_second_is_nothing(make):
    with pytest.raises(preparing.LeftOut, match="only 9 sound frames"):
        clean(make.walk(1.0)[:9])
    assert len(clean(make.walk(1.0)[:10])) == 10


@pytest.mark.parametrize("height", [0.4, -0.25])
def test_the_floor_is_put_at_zero(make, height):
    motion = make.walk(3.0).moved(0.0, (0.0, height, 0.0))
    there = clean(motion)
    assert np.percentile(foot_heights(there).min(axis=1), 5) == pytest.approx(0.0, abs=1e-9)
    assert joint_positions(there)[..., 1].min() == pytest.approx(0.0, abs=0.01)
    assert there.contacts.any(axis=1).mean() > 0.9  # found anew: in the air there were none
    ground = [0, 2]
    np.testing.assert_allclose(there.root[:, ground], motion.root[:, ground], atol=1e-9)


def test_a_jump_stays_in_the_air(make):
    t = np.arange(90) / 30
    motion = make.stand(3.0, height=np.maximum(0, 0.3 - 4.9 * (t - 1.5) ** 2))
    there = clean(motion.moved(0, (0, 0.2, 0)))
    assert foot_heights(there).min(axis=1).max() == pytest.approx(0.3, abs=0.01)
    assert not there.contacts[45].any() and there.contacts[0].all()


def test_grounded_puts_the_lowest_part_on_the_floor(make):
    """Somebody lying at the height of a table, somebody sitting on air: the skin touches the ground, not the joints."""
    lying = make.stand(2.0, {"pelvis": make.about("x", -np.pi / 2)})
    lying = Motion(SKELETON, lying.root * [1, 0, 1] + [0, 0.6, 0], lying.rotations, 30)
    there = grounded(lying)
    positions = joint_positions(there)
    assert positions[:, SKELETON.index("pelvis"), 1] == pytest.approx(np.full(60, 0.1), abs=0.06)
    assert 0.02 < positions[..., 1].min() < 0.12
    np.testing.assert_array_equal(there.rotations, lying.rotations)
    standing = make.stand(2.0).moved(0.0, (0.0, 0.3, 0.0))
    there = grounded(standing)
    assert joint_positions(there)[..., 1].min() == pytest.approx(0.0, abs=1e-6)
    assert there.contacts.all()


def test_grounded_does_not_shake(make):
    """The height follows smoothly where one lowest part takes over from another."""
    angle = np.linspace(0, np.pi / 2, 60)
    falling = make.stand(2.0, {"pelvis": make.about("x", -angle)})
    there = grounded(falling)
    assert np.abs(np.diff(there.root[:, 1], n=2)).max() * 900 < 25  # m/s2
