"""The body without its fingers moves as it did with them."""

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.hands import without_hands
from backend.motion.motion import Motion
from backend.motion.skeleton import Skeleton, canonical


def test_the_body_stays_as_it_was():
    rng = np.random.default_rng(3)
    skeleton = canonical("smplx52").with_offsets(canonical("smplx52").offsets * 1.1)
    contacts = rng.random((5, 4)) > 0.5
    motion = Motion(skeleton, rng.normal(size=(5, 3)), rot.exp(rng.normal(size=(5, 52, 3))), 24, contacts)
    body = without_hands(motion)
    assert (body.skeleton.kind, body.fps) == ("smpl22", 24) and (body.contacts == contacts).all()
    for there, before in zip(kinematics.pose(body), kinematics.pose(motion)):
        assert np.allclose(there, before[:, :22], atol=1e-12)
    assert without_hands(body) is body


def test_another_skeleton_is_refused():
    skeleton = Skeleton("other", ("hips", "head"), (-1, 0), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="smpl22 and smplx52, got skeleton kind 'other'"):
        without_hands(Motion(skeleton, np.zeros((1, 3)), np.tile(rot.IDENTITY, (1, 2, 1))))
