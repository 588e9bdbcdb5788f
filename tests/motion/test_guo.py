"""The recipe itself, for its three skeletons.

The golden numbers are what TMR's copy (MIT) of the published recipe gave for ``wandering``, run once; none of that code
is here. It computes in float32, and where a bone points almost against its rest direction that costs it digits.
"""

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.features import guo, humanml263, kit251, motionx623
from backend.motion.features.guo_skeleton import GuoSkeleton

CODECS = (humanml263, kit251, motionx623)
KIT_LENGTHS = np.where(np.arange(21) > 0, 0.11 + 0.01 * np.arange(21), 0.0)
LENGTHS = {humanml263: humanml263.LENGTHS, kit251: KIT_LENGTHS, motionx623: motionx623.LENGTHS}
GOLDEN = {
    humanml263: [
        [-0.13285, 0.00890, 0.57400, 0.17751, 0.29421, -0.00647, -0.98999],
        [-0.01466, -0.00135, 0.58398, 0.46187, 0.90529, -0.03964, 0.00000],
        [-0.00917, -0.03864, 0.44109, 0.76454, 4.67820, -0.02032, 0.12416],
        [-0.00460, 0.03429, 0.55435, 0.27492, 0.26110, -0.00653, -0.98999],
        [-0.01141, 0.00743, 0.61747, 0.28511, -0.50912, -0.04068, 0.00000],
        [-0.01438, -0.01680, 0.43844, 0.57625, -1.14983, -0.05814, 0.12416],
    ],
    kit251: [
        [0.71691, 0.01095, 0.45385, -1.21070, -0.13386, -0.01847, -1.51948],
        [-0.00784, 0.00150, 0.46265, -0.40612, -4.72759, -0.02222, -1.51948],
        [-0.00719, -0.03476, 0.33665, -0.17879, -1.74712, 0.01627, -1.51948],
        [-0.01251, 0.03296, 0.43653, -0.19640, 1.13461, -0.01567, -1.51948],
        [-0.00969, 0.01279, 0.49219, -0.28303, 5.34420, -0.00837, -1.51948],
        [-0.00661, -0.02092, 0.33432, -0.28291, -3.64016, 0.01335, -1.51948],
    ],
    motionx623: [
        [-0.13285, 0.00890, 0.57400, 0.25641, 3.36425, -0.02573, -0.98999],
        [-0.01466, -0.00135, 0.58398, 0.46823, 3.22855, -0.03790, 0.00000],
        [-0.00917, -0.03864, 0.44109, 0.72280, 10.07782, 0.01664, 0.12416],
        [-0.00460, 0.03429, 0.55435, 0.27146, 3.35998, -0.03655, -0.98999],
        [-0.01141, 0.00743, 0.61747, 0.30108, 0.13817, -0.05745, 0.00000],
        [-0.01438, -0.01680, 0.43844, 0.63955, 3.38550, -0.03610, 0.12416],
    ],
}


def wandering(skeleton: GuoSkeleton, frames: int = 241) -> np.ndarray:
    """(frames, J, 3): a body of even bones by formula, every joint swaying, that walks and turns by more than a round;
    the feet stand at times. It stands and faces anywhere."""
    rest = np.zeros((len(skeleton), 3))
    for joint in skeleton.order:
        rest[joint] = rest[skeleton.parents[joint]] + 0.2 * skeleton.directions[joint]
    t, phase = np.arange(frames)[:, None, None], np.arange(len(skeleton))[:, None] + np.arange(3)
    body = rest + 0.05 * np.sin(0.11 * t + phase)
    t = t[..., 0]
    path = np.stack([2.0 + 0.02 * t, 0.9 + 0.1 * np.sin(0.05 * t), np.cos(0.03 * t)], axis=-1)
    return rot.rotate(rot.about_y(0.4 + 0.035 * t), body) + path


def digest(skeleton: GuoSkeleton, rows) -> np.ndarray:
    """(6, 7): of every 40th row each block's numbers, weighted by a cosine so that their order counts."""
    blocks = skeleton.layout.values()
    weights = [np.cos(1.0 + np.arange(block.stop - block.start)) for block in blocks]
    chosen = np.asarray(rows, float)[::40]
    return np.stack([chosen[:, block] @ weight for block, weight in zip(blocks, weights)], axis=1)


@pytest.mark.parametrize("codec", CODECS, ids=lambda c: c.NAME)
def test_golden_numbers_of_the_published_recipe(codec):
    rows = codec.encode_positions(wandering(codec.SKELETON), LENGTHS[codec])
    assert rows.dtype == np.float32 and rows.shape == (240, codec.WIDTH)
    assert np.abs(digest(codec.SKELETON, rows) - GOLDEN[codec]).max() < 2e-4


@pytest.mark.parametrize("codec", CODECS, ids=lambda c: c.NAME)
def test_both_ways_back_give_the_positions(codec):
    skeleton, lengths = codec.SKELETON, LENGTHS[codec]
    positions = guo.standardise(skeleton, wandering(skeleton, 60), lengths)
    rows = guo.rows(skeleton, positions)
    assert len(rows) == len(positions) - 1
    # KIT's rest directions are half a turn off this body's hips, where float32 rows hold fewer digits of a rotation
    assert np.abs(guo.joints_from_ric(skeleton, rows) - positions[:-1]).max() < 1e-5
    assert np.abs(guo.joints_from_rotations(skeleton, rows, lengths) - positions[:-1]).max() < 1e-5


def test_blocks_lie_where_the_papers_say():
    def ends(codec):
        return [block.stop for block in codec.LAYOUT.values()]

    assert ends(humanml263) == [1, 3, 4, 67, 193, 259, 263]
    assert ends(kit251) == [1, 3, 4, 64, 184, 247, 251]
    assert ends(motionx623) == [1, 3, 4, 157, 463, 619, 623]


def test_standardised_bodies_have_the_lengths_stand_on_the_floor_and_face_z():
    skeleton = humanml263.SKELETON
    positions = guo.standardise(skeleton, wandering(skeleton), humanml263.LENGTHS)
    bones = np.linalg.norm(positions - positions[:, list(skeleton.parents)], axis=-1)
    assert np.abs(bones[:, 1:] - humanml263.LENGTHS[1:]).max() < 1e-12
    assert positions[..., 1].min() == pytest.approx(0.0, abs=1e-12)
    assert np.abs(positions[0, 0, [0, 2]]).max() < 1e-12
    across = positions[0, 2] - positions[0, 1] + positions[0, 17] - positions[0, 16]
    assert across[0] < 0 and abs(across[2]) < 1e-12


def test_without_lengths_bones_keep_their_own():
    skeleton = humanml263.SKELETON
    before, after = (
        np.linalg.norm(found - found[:, list(skeleton.parents)], axis=-1)[:, 1:]
        for found in (wandering(skeleton), guo.standardise(skeleton, wandering(skeleton)))
    )
    assert np.abs(before - after).max() < 1e-12


def test_place_and_heading_do_not_enter():
    positions = wandering(humanml263.SKELETON)
    elsewhere = rot.rotate(rot.about_y(np.array(1.3)), positions) + [4.0, 0.5, -2.0]
    assert np.abs(humanml263.encode_positions(positions) - humanml263.encode_positions(elsewhere)).max() < 1e-5


def test_a_turn_past_half_a_round_is_stored_backwards_there():
    """The published arcsine: kept, because published rows have it."""
    skeleton = humanml263.SKELETON
    positions = guo.standardise(skeleton, wandering(skeleton), humanml263.LENGTHS)
    turns = guo.rows(skeleton, positions)[20:, 0]  # before that smoothing swings in
    backwards = np.flatnonzero(turns > 0)
    assert len(backwards) == 1  # 8.4 radians pass half a turn from frame 0 once
    assert -turns[backwards] == pytest.approx(turns[backwards - 1], abs=2e-3)


def test_heights_are_absolute_and_contacts_go_by_squared_speed():
    skeleton = humanml263.SKELETON
    still = np.repeat(guo.standardise(skeleton, wandering(skeleton, 1), humanml263.LENGTHS), 3, axis=0)
    still[1:, 10, 0] += np.sqrt(0.002) + 1e-6  # the left foot's way into frame 1, just too fast
    rows = guo.rows(skeleton, still)
    assert rows[:, humanml263.LAYOUT["contacts"]].tolist() == [[1, 0, 1, 1], [1, 1, 1, 1]]
    heights = rows[:, humanml263.LAYOUT["positions"]].reshape(2, 21, 3)[..., 1]
    assert np.abs(heights - still[:-1, 1:, 1]).max() < 1e-6


def test_bones_without_length_or_against_rest_stay_finite():
    skeleton = humanml263.SKELETON
    positions = np.repeat(wandering(skeleton, 1), 5, axis=0)
    positions[:, 15] = positions[:, 12]
    positions[:, 21] = positions[:, 19] + [0.0, 0.3, 0.0]  # an arm straight up, rest is straight down
    rows = humanml263.encode_positions(positions)
    assert np.isfinite(rows).all()
    back = humanml263.decode_rotations(rows)
    assert np.abs(back - guo.standardise(skeleton, positions, humanml263.LENGTHS)[:-1]).max() < 1e-5


def test_errors_say_what_does_not_fit():
    skeleton, good = humanml263.SKELETON, wandering(humanml263.SKELETON, 4)
    with pytest.raises(ValueError, match=r"positions \(T, 22, 3\), got \(4, 21, 3\)"):
        humanml263.encode_positions(good[:, 1:])
    with pytest.raises(ValueError, match="at least 2 frames"):
        humanml263.encode_positions(good[:1])
    with pytest.raises(ValueError, match="NaN"):
        humanml263.encode_positions(np.where(good == good.max(), np.nan, good))
    with pytest.raises(ValueError, match="22 bone lengths"):
        guo.standardise(skeleton, good, KIT_LENGTHS)
    folded = good.copy()
    folded[:, (4, 5, 7, 8)] = folded[:, (1, 2, 1, 2)]
    with pytest.raises(ValueError, match="lower legs"):
        humanml263.encode_positions(folded)
    for wrong in (np.zeros((4, 251)), np.zeros((0, 263)), np.zeros(263)):
        with pytest.raises(ValueError, match=r"\(T, 263\)"):
            humanml263.decode_positions(wrong)
    with pytest.raises(ValueError, match="NaN"):
        humanml263.decode_positions(np.full((3, 263), np.nan))
