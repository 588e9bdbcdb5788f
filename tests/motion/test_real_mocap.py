"""Real clips of every family: from POSEWRIGHT_MOCAP (the unpacked pack), else a few out of ../shared's archive."""

import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from backend.motion import bone_presets, retarget
from backend.motion import rotations as rot
from backend.motion.formats import asf_amc, bvh
from backend.motion.kinematics import joint_positions
from backend.motion.resample import resample

ARCHIVE = Path(__file__).resolve().parents[3] / "shared" / "data" / "mocap-pack.tar.xz"
WANTED = ("cmu/17/", "cmu/13/13_01", "cmu/13/13_1", "cmu/35/35_02", "cmu/35/35_1", "o3de/WalkStopTurnPivot1")
LAST = "o3de/WalkStopTurnPivot1.bvh"


@pytest.fixture(scope="session")
def mocap(tmp_path_factory) -> Path:
    unpacked = os.environ.get("POSEWRIGHT_MOCAP")
    if unpacked:
        return Path(unpacked)
    if not ARCHIVE.exists():
        pytest.skip(f"no real mocap: neither POSEWRIGHT_MOCAP nor {ARCHIVE}")
    folder = tmp_path_factory.mktemp("mocap")
    with tarfile.open(ARCHIVE, "r|xz") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if member.isfile() and name.startswith(WANTED):
                archive.extract(member, folder, filter="data")
            if name == LAST:
                break
    return folder


INCHES = 2.54 / (100 * 0.45)
FAMILIES = {
    "Daz-friendly": ("cmu/13", "DAZ (cgspeed)", 0.01, 120),
    "MotionBuilder-friendly": ("cmu/35", "CMU MotionBuilder", INCHES, 120),
    "O3DE": ("o3de", "O3DE and Unity humanoid", 0.01, 30),
}


def load(mocap, family):
    if family == "ASF/AMC":
        folder = mocap / "cmu" / "17"
        return asf_amc.read(folder / "17.asf", folder / "17_03.amc"), "CMU ASF"
    folder, name, scale, _ = FAMILIES[family]
    return bvh.read(sorted((mocap / folder).glob("*.bvh"))[0], scale), name


@pytest.mark.parametrize("family", [*FAMILIES, "ASF/AMC"])
def test_a_clip_of_each_family(mocap, family):
    motion, name = load(mocap, family)
    assert motion.fps == (30 if family == "O3DE" else 120)
    found = bone_presets.match(motion.skeleton.names)
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


def test_every_file_at_hand_reads(mocap):
    files = [*sorted(mocap.rglob("*.bvh"))[::2], *sorted(mocap.rglob("*.amc"))[::2]]
    assert len(files) > 5
    for path in files:
        motion = bvh.read(path) if path.suffix == ".bvh" else asf_amc.read(next(path.parent.glob("*.asf")), path)
        assert len(motion) > 1
