"""The CMU database in the layouts in which people have it: told apart, in metres, at the right speed, described."""

import json
import logging

import numpy as np
import pytest

from backend.motion import retarget
from backend.motion import rotations as rot
from backend.motion.kinematics import forward, heading, joint_positions
from backend.motion.skeleton import canonical
from training.data import preparing
from training.data.caption_lines import CaptionLine
from training.data.sources.cmu import Cmu

# As in the true file: a heading of prose, subjects, a tab, and what CMU does not describe.
INDEX = """Carnegie-Mellon Graphics Lab Motion Capture Database
  full file listing with descriptions, word processor format

In those cases, this file lists the description as “Unknown”.


Subject #1 (climb, swing, hang on playground equipment)

01_01\tplayground - forward jumps, turn around
01_02\tplayground - climb


Subject #6 (walk, basketball)

06_01\tUnknown


Subject #143 (General Subject Capture)

143_32\tWalk
"""


def takes_of(folder):
    source = Cmu(folder)
    return {take.id: take for item in source.items() for take in source.read(item)}


@pytest.fixture(scope="module")
def takes(mocap):
    return takes_of(mocap / "cmu")


def test_what_is_read_and_what_it_is_called(takes):
    found = {t.id: (t.source, t.subject, t.label, t.bone_map.name, t.tpose_start) for t in takes.values()}
    assert found == {
        "01_01": ("cmu", "01", "playground - forward jumps, turn around", "CMU ASF", False),
        "06_01": ("cmu", "06", "walk", "DAZ (cgspeed)", True),
        "35_01": ("cmu", "35", "walk", "CMU MotionBuilder", True),
        "salsa_01": ("cmu", "salsa", "salsa", "DAZ (cgspeed)", True),
    }
    assert list(takes) == list(found)
    assert [int(t.motion.fps) for t in takes.values()] == [120, 120, 120, 60]  # salsa says 120
    assert takes["06_01"].captions == (CaptionLine("walk"),)
    assert takes["salsa_01"].captions == ()  # the folder's name is no sentence


@pytest.mark.parametrize("name", ["01_01", "06_01", "35_01", "salsa_01"])
def test_every_family_becomes_the_same_walk(takes, layouts, name):
    """Metres, facing, sides and posture are right after cleaning, whatever the family's units, axes and zero pose."""
    take = takes[name]
    motion, skeleton = preparing.sound(take, preparing.on_skeleton(take, "smpl22")), canonical()
    assert motion.fps == 30 and 58 <= len(motion) <= 60
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


def test_world_positions_survive_reading(takes):
    """One joint by hand: the raised wrist of the Daz skeleton, in metres."""
    take = takes["06_01"]
    skeleton = take.motion.skeleton
    hand = joint_positions(take.motion)[1, skeleton.index("rHand")]
    shoulder = np.array([3.0 - 2.7 - 9, 84 + 20 + 12 + 19 - 2, -0.7 - 0.5 - 4.9 + 1.5])
    angle = np.deg2rad(75)
    wanted = shoulder + 51 * np.array([-np.cos(angle), np.sin(angle), 0])
    np.testing.assert_allclose(hand, wanted / 100, atol=1e-6)


def test_the_unit_of_a_bvh_is_told_from_its_root(tmp_path, layouts):
    """Also in files with the line ends of Windows."""
    for writer, leg in ((layouts.daz, 0.82), (layouts.motionbuilder, 0.86)):
        folder = tmp_path / writer.__name__ / "06"
        folder.mkdir(parents=True)
        writer(folder / "06_01.bvh", seconds=0.1)
        text = (folder / "06_01.bvh").read_text()
        (folder / "06_01.bvh").write_bytes(text.replace("\n", "\r\n").encode())
        take = takes_of(folder.parent)["06_01"]
        points = retarget.slot_points(take.motion.skeleton, take.bone_map)
        assert retarget.leg_length(points) == pytest.approx(leg, abs=0.02)


@pytest.fixture(scope="module")
def full_release(tmp_path_factory, layouts):
    """cgspeed's release: folders of three digits, files of two, and the index."""
    folder = tmp_path_factory.mktemp("release")
    for name in ("001/01_01", "001/01_02", "006/06_01", "060/60_04", "143/143_32"):
        (folder / name).parent.mkdir(exist_ok=True)
        layouts.motionbuilder(folder / f"{name}.bvh", seconds=0.1)
    (folder / "cmu-mocap-index-text.txt").write_text(INDEX, encoding="utf-8")
    return folder


def test_the_full_bvh_release(full_release):
    found = {t.id: (t.subject, t.label, [c.caption for c in t.captions]) for t in takes_of(full_release).values()}
    assert found == {
        "01_01": ("01", "playground - forward jumps, turn around", ["playground - forward jumps, turn around"]),
        "01_02": ("01", "playground - climb", ["playground - climb"]),
        "06_01": ("06", "06", []),  # "Unknown" describes nothing
        "60_04": ("60", "60", []),
        "143_32": ("143", "Walk", ["Walk"]),
    }
    assert list(found) == ["01_01", "01_02", "06_01", "143_32", "60_04"]


def test_the_dancers_of_subjects_60_and_61_were_recorded_at_half_of_what_the_files_say(full_release):
    rates = {t.id: int(t.motion.fps) for t in takes_of(full_release).values()}
    assert rates["60_04"] == 60 and rates["143_32"] == 120


def test_archives_as_they_unpack_and_the_database_as_it_is_published(tmp_path, layouts):
    for path in (tmp_path / "cmuconvert-mb2-01-09" / "06", tmp_path / "subjects" / "01"):
        path.mkdir(parents=True)
    layouts.motionbuilder(tmp_path / "cmuconvert-mb2-01-09" / "06" / "06_01.bvh", seconds=0.1)
    layouts.asf(tmp_path / "subjects" / "01" / "01.asf")
    layouts.amc(tmp_path / "subjects" / "01" / "01_01.amc", seconds=0.1)
    (tmp_path / "cmuconvert-mb2-01-09" / "cmu-mocap-index-txt.txt").write_text("01_01\tclimb\n06_01.bvh  walk\n")
    found = {t.id: (t.subject, t.label, t.bone_map.name) for t in takes_of(tmp_path).values()}
    assert found == {"01_01": ("01", "climb", "CMU ASF"), "06_01": ("06", "walk", "CMU MotionBuilder")}


def test_of_a_trial_that_is_there_twice_the_amc_is_taken_and_that_is_said_once(tmp_path, layouts, caplog):
    for name in ("001", "subjects/01"):
        (tmp_path / name).mkdir(parents=True)
    layouts.motionbuilder(tmp_path / "001" / "01_01.bvh", seconds=0.1)
    layouts.daz(tmp_path / "001" / "01_02.bvh", seconds=0.1)
    layouts.asf(tmp_path / "subjects" / "01" / "01.asf")
    for trial in ("01_01", "01_02"):
        layouts.amc(tmp_path / "subjects" / "01" / f"{trial}.amc", seconds=0.1)
    with caplog.at_level(logging.WARNING, "training.data.sources.cmu"):
        taken = [item.paths[0].name for item in Cmu(tmp_path).items()]
    assert taken == ["01_01.amc", "01_02.amc"]
    (said,) = [record.getMessage() for record in caplog.records]
    assert "2 files" in said and "01_01.bvh" in said and "01_01.amc" in said


def test_files_that_name_no_subject_are_told_apart_by_their_folder(tmp_path, layouts):
    for name in ("salsa", "indian"):
        (tmp_path / name).mkdir()
        layouts.daz(tmp_path / name / "01.bvh", seconds=0.1)
    assert [(t.id, t.subject) for t in takes_of(tmp_path).values()] == [("indian_01", "indian"), ("salsa_01", "salsa")]


def test_what_is_changed_beside_a_trial_counts_to_its_item(mocap):
    """A build goes on where it stopped only as long as these files are the same."""
    paths = {item.id: [path.name for path in item.paths] for item in Cmu(mocap / "cmu").items()}
    assert paths["01_01"] == ["01_01.amc", "01.asf", "descriptions.json"]
    assert paths["06_01"] == ["06_01.bvh", "descriptions.json"]


def test_a_missing_skeleton_names_the_file(tmp_path, layouts):
    (tmp_path / "01").mkdir()
    layouts.amc(tmp_path / "01" / "01_01.amc", seconds=0.1)
    with pytest.raises(ValueError, match="01.asf"):
        takes_of(tmp_path)


def test_a_folder_without_trials_says_what_was_looked_for(tmp_path):
    with pytest.raises(ValueError, match=r"<trial>.amc.*<trial>.bvh"):
        list(Cmu(tmp_path).items())
    with pytest.raises(FileNotFoundError, match="nowhere"):
        list(Cmu(tmp_path / "nowhere").items())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("descriptions.json", "{", "descriptions.json: is not JSON"),
        ("descriptions.json", "[" * 100_000, "descriptions.json: is not JSON"),
        ("descriptions.json", json.dumps({"06_01": 3}), "descriptions.json: must be an object of descriptions"),
        ("cmu-mocap-index-text.txt", "nothing here", "cmu-mocap-index-text.txt: has no line"),
    ],
)
def test_an_index_that_is_none_is_named(tmp_path, layouts, name, content, message):
    (tmp_path / "06").mkdir()
    layouts.daz(tmp_path / "06" / "06_01.bvh", seconds=0.1)
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        takes_of(tmp_path)


def test_the_sign_that_divides_caption_lines_is_taken_out_of_a_description(tmp_path, layouts):
    (tmp_path / "06").mkdir()
    layouts.daz(tmp_path / "06" / "06_01.bvh", seconds=0.1)
    (tmp_path / "descriptions.json").write_text(json.dumps({"06_01": "walk #2,\n slowly", "06_02": " "}))
    assert takes_of(tmp_path)["06_01"].captions == (CaptionLine("walk 2, slowly"),)
