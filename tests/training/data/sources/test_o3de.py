"""O3DE's takes: centimetres, upright against their own T-pose only."""

import numpy as np
import pytest

from backend.motion import bone_presets, retarget
from backend.motion import rotations as rot
from backend.motion.formats import bvh
from backend.motion.kinematics import forward
from backend.motion.skeleton import canonical
from training.data import preparing
from training.data.sources.o3de import O3de


@pytest.fixture(scope="module")
def take(mocap):
    source = O3de(mocap / "o3de")
    (item,) = source.items()
    (found,) = source.read(item)
    return found


def test_what_is_read_and_what_it_is_called(take):
    found = (take.id, take.source, take.subject, take.label, take.bone_map.name, take.tpose_start)
    assert found == ("o3de_Walk1", "o3de", "o3de", "Walk1", "O3DE and Unity humanoid", True)
    assert take.motion.fps == 30 and take.captions == ()


def test_it_walks_as_fast_as_its_legs_allow(take, layouts):
    motion = preparing.sound(take, preparing.on_skeleton(take, "smpl22"))
    leg = retarget.leg_length(retarget.slot_points(take.motion.skeleton, take.bone_map))
    step = np.diff(motion.root, axis=0) * 30
    speed = layouts.speed * canonical().leg_length / leg
    np.testing.assert_allclose(step, np.tile([0, 0, speed], (len(step), 1)), atol=0.01)
    assert 58 <= len(motion) <= 60


def test_a_take_stands_upright_only_against_its_own_tpose(mocap, take):
    path = mocap / "o3de" / "Walk1.bvh"
    chest = canonical().index("spine3")

    def lean(motion):
        there = retarget.retarget(motion, bone_presets.match(motion.skeleton.names))
        return np.rad2deg(rot.angle(forward(there.skeleton, there.root, there.rotations)[1][10, chest]))

    assert lean(bvh.read(path)) > 20
    assert lean(take.motion) < 5


def test_an_empty_folder_says_what_was_looked_for(tmp_path):
    with pytest.raises(ValueError, match="<name>.bvh"):
        list(O3de(tmp_path).items())
