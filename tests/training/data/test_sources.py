"""Readers of the public sources: small files in the true layouts, told apart, in metres, sides and names kept."""

import json
import logging
from dataclasses import replace

import numpy as np
import pytest

from backend.motion import bone_map, retarget
from backend.motion import rotations as rot
from backend.motion.formats import bvh
from backend.motion.kinematics import forward, heading, joint_positions
from backend.motion.skeleton import canonical
from training.data import build, proportions, sources
from training.data.clean import clean


@pytest.fixture(scope="module")
def takes(mocap):
    return {t.id: t for t in [*sources.cmu(mocap / "cmu"), *sources.o3de(mocap / "o3de")]}


def test_what_is_read_and_what_it_is_called(takes):
    assert list(takes) == ["01_01", "06_01", "35_01", "salsa_01", "o3de_Walk1"]
    found = {t.id: (t.source, t.subject, t.label, t.bone_map.name, t.tpose_start) for t in takes.values()}
    assert found == {
        "01_01": ("cmu", "01", "playground - forward jumps, turn around", "CMU ASF", False),
        "06_01": ("cmu", "06", "walk", "DAZ (cgspeed)", True),
        "35_01": ("cmu", "35", "walk", "CMU MotionBuilder", True),
        "salsa_01": ("cmu", "salsa", "salsa", "DAZ (cgspeed)", True),
        "o3de_Walk1": ("o3de", "o3de", "Walk1", "O3DE and Unity humanoid", True),
    }
    assert [int(t.motion.fps) for t in takes.values()] == [120, 120, 120, 60, 30]  # salsa says 120


@pytest.mark.parametrize("name", ["01_01", "06_01", "35_01", "salsa_01", "o3de_Walk1"])
def test_every_family_becomes_the_same_walk(takes, layouts, name):
    """Metres, facing, sides and posture are right after cleaning, whatever the family's units, axes and zero pose."""
    take = takes[name]
    clip = clean(take)
    assert (clip.id, clip.source, clip.subject, clip.label) == (take.id, take.source, take.subject, take.label)
    motion, skeleton = clip.motion, canonical()
    assert motion.fps == 30 and motion.skeleton.kind == "smpl22" and 58 <= len(motion) <= 60
    points = retarget.slot_points(take.motion.skeleton, take.bone_map)
    assert 0.75 < retarget.leg_length(points) < 0.9  # metres
    scale = skeleton.leg_length / retarget.leg_length(points)
    step = np.diff(motion.root, axis=0) * 30
    np.testing.assert_allclose(step, np.tile([0, 0, layouts.speed * scale], (len(step), 1)), atol=0.01)
    assert np.abs(heading(motion)).max() < 0.01
    positions, world = forward(skeleton, motion.root, motion.rotations)
    at = {n: positions[:, j] - motion.root for j, n in enumerate(skeleton.names)}
    assert (at["left_wrist"][:, 0] > 0.1).all() and (at["right_wrist"][:, 0] < -0.1).all()
    assert (at["left_wrist"][:, 1] < at["left_shoulder"][:, 1] - 0.4).all()
    assert (at["right_wrist"][:, 1] > at["right_shoulder"][:, 1] + 0.4).all()
    for joint in ("pelvis", "spine1", "spine2", "spine3", "left_hip", "right_hip", "left_ankle", "right_ankle"):
        away = rot.angle(world[:, skeleton.index(joint)]).max()
        assert away < np.deg2rad(8), (joint, np.rad2deg(away))
    assert positions[..., 1].min() == pytest.approx(0.0, abs=0.01)
    assert motion.root[:, 1].mean() == pytest.approx(skeleton.hip_height, abs=0.05)


def test_an_o3de_take_stands_upright_only_against_its_own_tpose(mocap):
    path = mocap / "o3de" / "Walk1.bvh"
    chest = canonical().index("spine3")

    def lean(motion):
        there = retarget.retarget(motion, bone_map.match(motion.skeleton.names))
        return np.rad2deg(rot.angle(forward(there.skeleton, there.root, there.rotations)[1][10, chest]))

    assert lean(bvh.read(path)) > 20
    (take,) = sources.o3de(path.parent)
    assert lean(take.motion) < 5


def test_the_unit_of_a_cmu_bvh_is_told_from_its_root(tmp_path, layouts):
    """Also in files with the line ends of Windows."""
    for writer, leg in ((layouts.daz, 0.82), (layouts.motionbuilder, 0.86)):
        folder = tmp_path / writer.__name__ / "06"
        folder.mkdir(parents=True)
        (folder.parent / "descriptions.json").write_text("{}")
        writer(folder / "06_01.bvh", seconds=0.1)
        text = (folder / "06_01.bvh").read_text()
        (folder / "06_01.bvh").write_bytes(text.replace("\n", "\r\n").encode())
        (take,) = sources.cmu(folder.parent)
        assert take.label == "06"  # no description: the folder's name
        points = retarget.slot_points(take.motion.skeleton, take.bone_map)
        assert retarget.leg_length(points) == pytest.approx(leg, abs=0.02)


def test_a_missing_skeleton_or_index_names_the_file(tmp_path, layouts):
    (tmp_path / "01").mkdir()
    with pytest.raises(FileNotFoundError, match="descriptions.json"):
        list(sources.cmu(tmp_path))
    (tmp_path / "descriptions.json").write_text("{}")
    layouts.amc(tmp_path / "01" / "01_01.amc", seconds=0.1)
    with pytest.raises(ValueError, match="01.asf"):
        list(sources.cmu(tmp_path))


def test_ingest_leaves_out_what_has_no_words_or_is_nonsense(takes, caplog):
    phrases = build.read_phrases()
    walk = takes["06_01"]
    unknown = replace(walk, id="unknown", label="juggles chainsaws")
    tpose = replace(walk, id="tpose", source="cc0", label="T-Pose")
    short = replace(walk, id="short", motion=walk.motion[:20])
    with caplog.at_level(logging.INFO, "training.data.build"):
        clips = build.ingest([unknown, tpose, short, walk], phrases)
    assert [c.id for c in clips] == ["06_01"]
    said = {r.getMessage().split(":")[0]: r.getMessage() for r in caplog.records}
    assert "'juggles chainsaws'" in said["unknown"] and "T-pose" in said["tpose"] and "left out" in said["short"]
    assert build.entry(walk, phrases)["slots"]["verb"] == "walk"
    assert build.entry(takes["salsa_01"], phrases)["slots"]["verb"] == "dance"
    assert build.entry(unknown, phrases) is None


def test_loops_of_game_clips_are_unrolled_and_travel(make):
    """A cycle of one second in place becomes three seconds that cover ground; an idle stays where it is."""
    cycle, names = make.treadmill(), canonical().names

    def take(label, motion, subject):
        return sources.Take(label, "cc0", subject, label, motion, bone_map.match(names))

    phrases = build.read_phrases()
    walk, idle, hurried = build.ingest(
        [
            take("Walk_Loop", cycle, "mesh2motion"),
            take("Idle_Loop", make.stand(1.0), "mesh2motion"),
            take("Walking_A", make.treadmill(speed=2.0, frames=16), "kaykit"),
        ],
        phrases,
    )
    assert walk.seconds >= 3 and walk.motion.root[-1, 2] > 1.1 * walk.seconds
    assert idle.seconds >= 3 and np.ptp(idle.motion.root[:, [0, 2]], axis=0).max() < 1e-6
    assert walk.group == "mesh2motion/Walk" and idle.group == "mesh2motion/Idle"
    assert hurried.motion.root[-1, 2] / hurried.seconds == pytest.approx(1.5, abs=0.1)  # 2 m/s was the figure's legs


def test_the_mean_body_is_measured_without_held_out_subjects(tmp_path, layouts):
    for subject in ("01", "02"):
        (tmp_path / subject).mkdir()
        layouts.asf(tmp_path / subject / f"{subject}.asf")
        layouts.amc(tmp_path / subject / f"{subject}_01.amc", seconds=0.05)
    text = (tmp_path / "02" / "02.asf").read_text()
    (tmp_path / "02" / "02.asf").write_text(text.replace("length 7.2", "length 9.9"))
    (tmp_path / "descriptions.json").write_text(json.dumps({}))
    takes = list(sources.cmu(tmp_path))
    names, offsets = canonical().names, proportions.mean_offsets(takes, ("02",))
    assert offsets.shape == (22, 3)
    left, right = (offsets[names.index(f"{side}_knee")] for side in ("left", "right"))
    assert np.linalg.norm(left) == pytest.approx(7.2 * 2.54 / 45, rel=1e-3)
    np.testing.assert_allclose(left, right * [-1, 1, 1], atol=1e-12)
    assert (np.abs(left[[0, 2]]) < 0.01).all()  # hangs straight down in canonical form
    with pytest.raises(ValueError, match="--cmu"):
        proportions.mean_offsets(takes, ("01", "02"))


def test_world_positions_survive_reading(mocap):
    """One joint by hand: the raised wrist of the Daz skeleton, in metres."""
    (take,) = [t for t in sources.cmu(mocap / "cmu") if t.id == "06_01"]
    skeleton = take.motion.skeleton
    hand = joint_positions(take.motion)[1, skeleton.index("rHand")]
    shoulder = np.array([3.0 - 2.7 - 9, 84 + 20 + 12 + 19 - 2, -0.7 - 0.5 - 4.9 + 1.5])
    angle = np.deg2rad(75)
    wanted = shoulder + 51 * np.array([-np.cos(angle), np.sin(angle), 0])
    np.testing.assert_allclose(hand, wanted / 100, atol=1e-6)
