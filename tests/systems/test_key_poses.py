"""The one function that makes a code of a pose."""

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.features.codec import CODECS, codec
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from backend.systems.key_poses import HOLD, MIDDLE, held, key_tokens


def poses(count: int, kind: str = "smpl22", fps=30) -> Motion:
    """Bodies that stand somewhere, each turned and bent in its own way."""
    rng = np.random.default_rng(count)
    skeleton = canonical(kind)
    bends = 0.4 * rng.normal(size=(count, len(skeleton), 3))
    bends[:, 0] = np.stack([np.zeros(count), rng.uniform(-3, 3, count), np.zeros(count)], axis=1)
    root = rng.normal(size=(count, 3)) * [3.0, 0.1, 3.0] + [0.0, skeleton.hip_height, 0.0]
    return Motion(skeleton, root, rot.exp(bends), fps)


@pytest.mark.parametrize("name", CODECS)
def test_held_is_the_encoding_of_a_clip_that_stands_still(name):
    of = codec(name)
    some = poses(3, of.kind)
    rows = held(some, of)
    assert rows.shape == (3, HOLD, of.width)
    for k in range(3):
        frames = HOLD + of.spare
        still = Motion(
            some.skeleton, np.repeat(some.root[k : k + 1], frames, 0), np.repeat(some.rotations[k : k + 1], frames, 0),
            of.fps,
        )  # fmt: skip
        # kit251 counts millimetres
        assert np.allclose(rows[k], of.encode(still), atol=1e-5 if name != "kit251" else 1e-2)


def test_a_pose_has_the_same_rows_whatever_stands_beside_it():
    some, of = poses(6), codec("ms272")
    assert np.allclose(held(some[2:3], of)[0], held(some, of)[2], atol=1e-6)


def test_place_and_heading_are_not_seen():
    some, of = poses(4), codec("ms272")
    assert np.allclose(held(some.moved(1.1, (4.0, 0.0, 2.0)), of), held(some, of), atol=1e-6)


def test_the_middle_code_stands_for_the_pose_in_every_stream():
    some, of, asked = poses(300), codec("ms272"), []

    def encode(features):
        asked.append(features.shape)
        codes = np.arange(16) + 100 * np.arange(len(features))[:, None]
        return codes, -codes

    body, hands = key_tokens(some, encode, of)
    assert body.shape == hands.shape == (300,) and asked == [(256, 64, 272), (44, 64, 272)]
    assert body[0] == MIDDLE and body[1] == 100 + MIDDLE and body[256] == MIDDLE and np.array_equal(hands, -body)


def test_another_skeleton_is_refused():
    with pytest.raises(ValueError, match="retarget first"):
        held(poses(1, "smplx52"), codec("ms272"))
