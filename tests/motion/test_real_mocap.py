"""Real clips of every family, when the mocap pack is unpacked: set POSEWRIGHT_MOCAP to its folder."""

import os
from pathlib import Path

import numpy as np
import pytest

from backend.motion import bone_map, retarget
from backend.motion import rotations as rot
from backend.motion.formats import asf_amc, bvh
from backend.motion.kinematics import joint_positions
from backend.motion.resample import resample

FOLDER = Path(os.environ.get("POSEWRIGHT_MOCAP", "not-set"))
pytestmark = pytest.mark.skipif(
    not (FOLDER / "cmu").is_dir(),
    reason="mocap pack not unpacked: tar xJf mocap-pack.tar.xz, then set POSEWRIGHT_MOCAP to that folder",
)
INCHES = 2.54 / (100 * 0.45)
FAMILIES = {
    "Daz-friendly": ("cmu/06", "DAZ (cgspeed)", 0.01, 120),
    "MotionBuilder-friendly": ("cmu/35", "CMU MotionBuilder", INCHES, 120),
    "O3DE": ("o3de", "O3DE and Unity humanoid", 0.01, 30),
}


def load(family):
    if family == "ASF/AMC":
        folder = FOLDER / "cmu" / "02"
        return asf_amc.read(folder / "02.asf", folder / "02_01.amc"), "CMU ASF"
    folder, name, scale, _ = FAMILIES[family]
    return bvh.read(sorted((FOLDER / folder).glob("*.bvh"))[0], scale), name


@pytest.mark.parametrize("family", [*FAMILIES, "ASF/AMC"])
def test_a_clip_of_each_family(family):
    motion, name = load(family)
    assert motion.fps == (30 if family == "O3DE" else 120)
    found = bone_map.match(motion.skeleton.names)
    assert found.name == name
    motion = resample(motion[:1200], 30)
    there = retarget.retarget(motion, found)
    positions = joint_positions(there)
    assert 1.2 < np.median(positions[..., 1].max(axis=1)) < 2.0  # the head of somebody who walks or plays
    assert -0.1 < np.median(positions[..., 1].min(axis=1)) < 0.2
    assert rot.angle_between(there.rotations[1:], there.rotations[:-1]).max() < 3.0
    source, i = joint_positions(motion), there.skeleton.index
    for upper, lower in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")):
        for side in ("left_", "right_"):
            a, b = (motion.skeleton.index(found.slots[side + n][0]) for n in (upper, lower))
            wanted = rot.normalize(source[:, b] - source[:, a])
            got = rot.normalize(positions[:, i(side + lower)] - positions[:, i(side + upper)])
            tolerance = 1e-6 if all(len(found.slots[side + n]) == 1 for n in (upper, lower)) else 0.3
            assert np.abs(got - wanted).max() < tolerance, (side, upper, lower)


def test_every_third_file_reads():
    for path in sorted(FOLDER.rglob("*.bvh"))[::12]:
        assert len(bvh.read(path)) > 1
    for path in sorted((FOLDER / "cmu").rglob("*.amc"))[::30]:
        assert len(asf_amc.read(next(path.parent.glob("*.asf")), path)) > 1
