"""A user's own folder: what lies in it is found, read in metres and named; what is damaged is reported, not fatal."""

import logging
import os
import re
import sys

import numpy as np
import pytest

from backend.command_line import bpy_files
from backend.motion import retarget
from backend.motion.formats import bvh, npz
from backend.motion.kinematics import joint_positions
from backend.motion.skeleton import canonical
from training.data import preparing
from training.data.caption_lines import CaptionLine
from training.data.sources import bpy_reader
from training.data.sources.folder import Folder
from training.data.sources.take import Skipped, Take


def read_all(source):
    """Everything a build would meet: takes and skipped ones by id, and the errors by item."""
    found, errors = {}, {}
    for item in source.items():
        try:
            found |= {one.id: one for one in source.read(item)}
        except (ValueError, OSError) as error:
            errors[item.id] = str(error)
    return found, errors


def leg(take):
    return retarget.leg_length(retarget.slot_points(take.motion.skeleton, take.bone_map))


@pytest.fixture(scope="module")
def own(tmp_path_factory, layouts, make):
    """Files of every format that needs no bpy, at several depths, one with a name in capitals."""
    folder = tmp_path_factory.mktemp("own")
    for name in ("ann/monday", "bob"):
        (folder / name).mkdir(parents=True)
    layouts.o3de(folder / "StandStill_02.bvh", seconds=0.3)
    layouts.motionbuilder(folder / "ann" / "monday" / "SlowWalk1.BVH", seconds=0.3)
    layouts.daz(folder / "ann" / "01_01.bvh", seconds=0.3)
    layouts.asf(folder / "bob" / "bob.asf")
    layouts.amc(folder / "bob" / "bob_jump.amc", seconds=0.3)
    npz.write(folder / "bob" / "wave.npz", make.wave(1.0))
    (folder / "bob" / "notes.txt").write_text("no recording")
    (folder / "bob" / "._wave.npz").write_bytes(b"what macOS leaves behind")
    return folder


def test_files_of_all_formats_are_found_at_any_depth(own):
    found, errors = read_all(Folder(own))
    assert not errors
    assert {t.id: (t.source, t.subject, t.label, t.bone_map and t.bone_map.name) for t in found.values()} == {
        "StandStill_02.bvh": ("folder", "folder", "stand still", "O3DE and Unity humanoid"),
        "ann/01_01.bvh": ("folder", "ann", "01_01", "DAZ (cgspeed)"),
        "ann/monday/SlowWalk1.BVH": ("folder", "ann", "slow walk", "CMU MotionBuilder"),
        "bob/bob_jump.amc": ("folder", "bob", "bob jump", "CMU ASF"),
        "bob/wave.npz": ("folder", "bob", "wave", None),
    }
    assert list(found) == [item.id for item in Folder(own).items()]
    assert [t.tpose_start for t in found.values()] == [True, True, True, False, False]


def test_the_unit_of_a_bvh_is_the_one_that_gives_it_human_legs(own):
    found, _ = read_all(Folder(own))
    assert {id: round(leg(take), 2) for id, take in found.items() if take.bone_map} == {
        "StandStill_02.bvh": 0.82, "ann/01_01.bvh": 0.82, "ann/monday/SlowWalk1.BVH": 0.86, "bob/bob_jump.amc": 0.83,
    }  # fmt: skip
    given, _ = read_all(Folder(own, scale=0.02))
    assert leg(given["ann/01_01.bvh"]) == pytest.approx(1.64, abs=0.01)
    assert given["ann/01_01.bvh"].motion.root[1] == pytest.approx(np.array([6, 168, 0]) / 100)


def test_every_format_becomes_the_same_walk(own, layouts):
    found, _ = read_all(Folder(own))
    for id in ("StandStill_02.bvh", "ann/01_01.bvh", "ann/monday/SlowWalk1.BVH", "bob/bob_jump.amc"):
        motion = preparing.on_skeleton(found[id], "smpl22")
        positions, at = joint_positions(motion)[-1], motion.skeleton.index
        assert np.diff(motion.root[-3:, 2]) * 30 == pytest.approx(layouts.speed, abs=0.05)
        assert positions[at("right_wrist"), 1] > positions[at("head"), 1] > positions[at("left_wrist"), 1]
        assert positions[at("left_wrist"), 0] > positions[at("right_wrist"), 0]


@pytest.mark.parametrize("unit", [0.001, 0.01, 0.0254, 1.0])
def test_a_bvh_in_any_usual_unit_is_read_in_metres(tmp_path, make, unit):
    """Our own writer writes centimetres; a file in another unit is that one times a factor."""
    motion = make.walk(0.2)
    skeleton = motion.skeleton.with_offsets(motion.skeleton.offsets * 0.01 / unit)
    scaled = type(motion)(skeleton, motion.root * 0.01 / unit, motion.rotations, motion.fps)
    bvh.write(tmp_path / "walk.bvh", scaled)
    found, _ = read_all(Folder(tmp_path))
    assert leg(found["walk.bvh"]) == pytest.approx(motion.skeleton.leg_length, rel=1e-3)


def test_legs_that_are_no_grown_persons_are_said(tmp_path, make, caplog):
    motion = make.walk(0.2)
    child = motion.skeleton.with_offsets(motion.skeleton.offsets * 0.5)
    bvh.write(tmp_path / "child.bvh", type(motion)(child, motion.root * 0.5, motion.rotations, motion.fps))
    with caplog.at_level(logging.WARNING, "training.data.sources"):
        read_all(Folder(tmp_path))
    (said,) = [record.getMessage() for record in caplog.records]
    assert "child.bvh" in said and "1.07 m" in said and "scale" in said
    caplog.clear()
    found, _ = read_all(Folder(tmp_path, scale=0.01))
    assert not caplog.records and leg(found["child.bvh"]) == pytest.approx(0.42, abs=0.01)


def test_sentences_beside_a_recording_are_its_captions(tmp_path, layouts, caplog):
    layouts.o3de(tmp_path / "walk.bvh", seconds=0.2)
    text = "a person walks\n\na man strolls#a/DET man/NOUN stroll/VERB#0.0#0.1\n"
    (tmp_path / "walk.txt").write_text(text, encoding="utf-8")
    (item,) = Folder(tmp_path).items()
    assert [path.name for path in item.paths] == ["walk.bvh", "walk.txt"]
    (take,) = Folder(tmp_path).read(item)
    words = (("a", "DET"), ("man", "NOUN"), ("stroll", "VERB"))
    assert take.captions == (CaptionLine("a person walks"), CaptionLine("a man strolls", words, 0.0, 0.1))
    assert not caplog.records
    # one slip costs its line, not the recording
    (tmp_path / "walk.txt").write_text("a man#strolls\na person walks\n", encoding="utf-8")
    (take,) = Folder(tmp_path).read(item)
    assert take.captions == (CaptionLine("a person walks"),)
    assert "walk.txt, line 1: expected caption#words#start#end" in caplog.text
    (tmp_path / "walk.txt").write_text("a man#strolls\n", encoding="utf-8")
    with pytest.raises(ValueError, match="walk.txt, line 1: expected caption#words#start#end"):
        list(Folder(tmp_path).read(item))


def test_a_figure_without_a_map_is_skipped_with_what_was_not_found(tmp_path, layouts):
    layouts.o3de(tmp_path / "robot.bvh", seconds=0.2)
    text = (tmp_path / "robot.bvh").read_text()
    (tmp_path / "robot.bvh").write_text(text.replace("LeftHand", "LeftClaw"))
    found, errors = read_all(Folder(tmp_path))
    assert not errors and isinstance(found["robot.bvh"], Skipped)
    assert "not found: left wrist" in found["robot.bvh"].reason


def spoil(text, name):
    """A BVH file damaged as files from elsewhere are."""
    lines = text.splitlines()
    values = lines.index(next(line for line in lines if line.startswith("Frame Time"))) + 1
    if name == "nan":
        lines[values + 1] = lines[values + 1].replace(lines[values + 1].split()[0], "nan", 1)
    elif name == "huge":
        lines = ["Frames: 999999999999" if line.startswith("Frames") else line for line in lines]
    elif name == "cut":
        lines = lines[:-1] + [lines[-1][:40]]
    elif name == "no_legs":
        lines = ["OFFSET 0 0 0" if "OFFSET" in line else line for line in lines]
    return "\n".join(lines)


def test_damaged_files_are_named_with_their_reason_and_cost_themselves_alone(tmp_path, layouts, monkeypatch):
    layouts.o3de(tmp_path / "good.bvh", seconds=0.2)
    text = (tmp_path / "good.bvh").read_text()
    for name in ("nan", "huge", "cut", "no_legs"):
        (tmp_path / f"{name}.bvh").write_text(spoil(text, name))
    (tmp_path / "binary.bvh").write_bytes(b"\0" * 100)
    (tmp_path / "empty.bvh").touch()
    (tmp_path / "gone.bvh").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round.bvh").symlink_to(tmp_path / "round.bvh")
    (tmp_path / "alone.amc").write_text("1\nroot 0 0 0 0 0 0\n")
    np.savez(tmp_path / "amass.npz", poses=np.zeros((3, 156)))
    np.savez(tmp_path / "pickle.npz", format=np.array([{}], dtype=object))
    found, errors = read_all(Folder(tmp_path))
    assert list(found) == ["good.bvh"]
    wanted = {
        "nan.bvh": r"nan.bvh, line \d+: expected a number, got 'nan'",
        "huge.bvh": "huge.bvh, line .*'Frames' must be a whole number",
        "cut.bvh": "cut.bvh, line .*the file holds only",
        "no_legs.bvh": "no_legs.bvh: the legs of its rest pose have no length",
        "binary.bvh": "binary.bvh: is a binary file",
        "empty.bvh": "empty.bvh: has no MOTION line",
        "gone.bvh": "gone.bvh: cannot be opened .*No such file",
        "round.bvh": "round.bvh: cannot be opened .*symbolic links",
        "alone.amc": "alone.asf: cannot be opened",
        "amass.npz": "amass.npz: lacks the array",
        "pickle.npz": "pickle.npz: the array 'format'",
    }
    assert set(errors) == set(wanted)
    for id, message in wanted.items():
        with pytest.raises(ValueError, match=message):
            raise ValueError(errors[id])


def test_a_file_that_may_not_be_read_is_named(tmp_path, layouts, monkeypatch):
    layouts.o3de(tmp_path / "secret.bvh", seconds=0.2)

    def refuse(path, mode):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.open", refuse)  # the tests may run as root, who may read everything
    _, errors = read_all(Folder(tmp_path))
    assert errors == {"secret.bvh": "secret.bvh: cannot be opened (Permission denied)"}


def test_pipes_and_devices_are_left_out(tmp_path, layouts, caplog):
    """Reading a pipe would wait for ever, and a device never ends."""
    layouts.o3de(tmp_path / "walk.bvh", seconds=0.2)
    os.mkfifo(tmp_path / "pipe.bvh")
    (tmp_path / "zero.bvh").symlink_to("/dev/zero")
    assert [item.id for item in Folder(tmp_path).items()] == ["walk.bvh"]
    assert "pipe.bvh is left out: it is no regular file" in caplog.text and "zero.bvh" in caplog.text


def test_links_are_followed_but_not_in_circles(tmp_path, layouts):
    (tmp_path / "own" / "ann").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    layouts.o3de(tmp_path / "elsewhere" / "walk.bvh", seconds=0.2)
    (tmp_path / "own" / "ann" / "up").symlink_to(tmp_path / "own")
    (tmp_path / "own" / "bob").symlink_to(tmp_path / "elsewhere")
    assert [item.id for item in Folder(tmp_path / "own").items()] == ["bob/walk.bvh"]


def test_a_folder_that_cannot_be_opened_is_said(tmp_path, layouts, monkeypatch, caplog):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        layouts.o3de(tmp_path / name / "walk.bvh", seconds=0.2)
    listed = os.listdir

    def refuse(path):
        if path == tmp_path / "a":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr("os.listdir", refuse)
    with caplog.at_level(logging.WARNING, "training.data.sources"):
        assert [item.id for item in Folder(tmp_path).items()] == ["b/walk.bvh"]
    assert [record.getMessage() for record in caplog.records] == [f"{tmp_path / 'a'} is left out: Permission denied"]


def test_a_folder_without_recordings_says_what_was_looked_for(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"holds no file ending in .bvh, .*.fbx, .glb, .gltf"):
        list(Folder(tmp_path).items())
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder"):
        list(Folder(tmp_path / "nowhere").items())


@pytest.fixture(scope="module")
def exported(figures, bpy_python):
    return read_all(Folder(figures / "user", bpy_python))


def test_fbx_and_glb_are_read_through_bpy(exported):
    found, _ = exported
    takes = {t.id: (t.subject, t.label, t.bone_map.name) for t in found.values() if isinstance(t, Take)}
    assert takes == {
        "ann/GlideForward_01.glb": ("ann", "glide forward", "Unreal"),
        "carried.fbx": ("folder", "carried", "Unreal"),
        "moves.fbx/Drive": ("folder", "Drive", "Unreal"),
        "moves.fbx/Glide": ("folder", "Glide", "Unreal"),
        "two_figures.glb": ("folder", "two figures", "Unreal"),
    }


@pytest.mark.parametrize(
    ("id", "fps", "metres"),
    [
        ("ann/GlideForward_01.glb", 30, 1),
        ("moves.fbx/Glide", 24, 1),
        ("moves.fbx/Drive", 24, 2),
        ("carried.fbx", 30, 3),
    ],
)
def test_a_rest_pose_that_is_no_tpose_does_no_harm(exported, id, fps, metres):
    """Out of an A-pose the arms are raised and lowered to 75 degrees while the figure glides forward for a second, by
    its pelvis, with its whole armature or with what it hangs on: the same on the file's skeleton and on ours."""
    motion, mapped = exported[0][id].motion, exported[0][id].bone_map
    assert motion.fps == fps and len(motion) == fps + 1
    for there in (motion, retarget.retarget(motion, mapped)):
        positions = joint_positions(there)
        slots = mapped.slots if there is motion else {s: (s,) for s in there.skeleton.names}
        at = {s: positions[:, there.skeleton.index(bones[0])] for s, bones in slots.items()}
        way = at["pelvis"][-1] - at["pelvis"][0]
        scale = retarget.leg_length(retarget.slot_points(there.skeleton, mapped if there is motion else None)) / 0.8
        np.testing.assert_allclose(way, [0, 0, metres * scale], atol=0.01)
        for side, up in (("left_", -1), ("right_", 1)):
            arm = at[side + "wrist"] - at[side + "shoulder"]
            slope = np.rad2deg(np.arctan2(arm[:, 1], np.abs(arm[:, 0])))
            np.testing.assert_allclose(slope, 75 * up, atol=1.5)
            assert (np.sign(arm[:, 0]) == -up).all()


def test_the_armature_that_is_a_body_is_read_and_moved_by_its_own_action(exported):
    motion = exported[0]["two_figures.glb"].motion
    head = joint_positions(motion)[:, motion.skeleton.index("head")]
    assert len(motion) == 21 and head[-1, 2] - head[0, 2] > 0.3


def test_what_blender_finds_no_movement_in_is_left_out_with_its_reason(exported):
    found, errors = exported
    skipped = {s.id: s.reason for s in found.values() if isinstance(s, Skipped)}
    assert skipped.pop("moves.fbx/Still") == "one frame is no movement"
    assert "no bone map fits" in skipped.pop("box.glb") and not skipped
    assert errors == {
        "at_rest.fbx": "at_rest.fbx: holds an armature but no animation of it",
        "no_armature.fbx": "no_armature.fbx: holds no armature",
    }


def test_damaged_fbx_and_gltf_are_named(tmp_path, bpy_python, figures):
    whole = (figures / "user" / "moves.fbx").read_bytes()
    (tmp_path / "cut.fbx").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "huge.glb").write_bytes(b"glTF\2\0\0\0\xff\xff\xff\x7f\xff\xff\xff\x7fJSON{}")
    found, errors = read_all(Folder(tmp_path, bpy_python))
    assert not found and set(errors) == {"cut.fbx", "huge.glb"}
    assert all(errors[name].startswith(f"{name}: bpy ended with 1 (") for name in errors)


def test_captions_of_a_file_with_several_actions_are_not_given_to_each(figures, bpy_python, tmp_path, caplog):
    (tmp_path / "moves.fbx").symlink_to(figures / "user" / "moves.fbx")
    (tmp_path / "moves.txt").write_text("a person glides\n")
    with caplog.at_level(logging.WARNING, "training.data.sources"):
        found, _ = read_all(Folder(tmp_path, bpy_python))
    assert [t.captions for t in found.values() if isinstance(t, Take)] == [(), ()]
    assert ["moves.fbx" in record.getMessage() for record in caplog.records] == [True]


@pytest.fixture
def glb(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "walk.glb").write_bytes(b"glTF")
    return tmp_path / "own"


def stand_in(folder, script):
    """A program in place of a Python with bpy."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.skipif(os.name == "nt", reason="the stand-ins for bpy are shell scripts")
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("kill -SEGV $$", r"walk.glb: bpy ended with -11 \(no message\)"),
        ("echo not enough memory >&2; exit 3", r"walk.glb: bpy ended with 3 \(not enough memory\)"),
        ("exit 0", "walk.glb: holds no armature"),
        ("exec sleep 60", "walk.glb: bpy was not done with it after 0.3 seconds"),
    ],
)
def test_a_reader_that_dies_costs_its_file_alone(glb, tmp_path, monkeypatch, script, message):
    monkeypatch.setattr(bpy_files, "SECONDS", 0.3)
    source = Folder(glb, stand_in(tmp_path, script))
    (item,) = source.items()
    with pytest.raises(bpy_files.BpyError, match=message):
        list(source.read(item))


@pytest.mark.skipif(os.name == "nt", reason="the stand-ins for bpy are shell scripts")
@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"names": np.array([{}], dtype=object)}, "holds Python objects"),
        ({"names": np.array(["hips"] * 3)}, "no bone map"),
        ({"rest": np.zeros((1, 3, 4))}, "'rest' has J = 1 where"),
        ({"actions": None}, "lacks actions"),
        ({"action0": np.full((2, 22, 3, 4), np.nan)}, "'action0' holds NaN"),
        ({"action0": np.zeros((2, 21, 3, 4))}, r"'action0' is \(2, 21, 3, 4\)"),
        ({"action0": None}, "lacks action0"),
    ],
)
def test_what_bpy_made_is_checked_as_any_file(glb, tmp_path, made, message):
    body = canonical()
    heads = body.rest_positions[:, [0, 2, 1]] * [1.0, -1.0, 1.0]  # Z up
    whole = {
        "names": np.array(body.names), "parents": np.array(body.parents), "fps": np.array([30.0, 1.0]),
        "rest": np.concatenate([np.tile(np.eye(3), (22, 1, 1)), heads[..., None]], axis=-1),
        "actions": np.array(["walk"]), "reasons": np.array([""]), "action0": np.zeros((2, 22, 3, 4)),
    } | made  # fmt: skip
    np.savez(tmp_path / "made.npz", **{key: array for key, array in whole.items() if array is not None})
    found, errors = read_all(Folder(glb, stand_in(tmp_path, f"cp {tmp_path}/made.npz $3/0000.npz")))
    said = [*errors.values(), *(one.reason for one in found.values())]
    assert len(said) == 1 and re.search(message, said[0]), said


def test_files_larger_than_anybody_needs_are_not_given_to_bpy(glb, tmp_path, monkeypatch):
    monkeypatch.setattr(bpy_files, "MOST_BYTES", 3)
    source = Folder(glb, stand_in(tmp_path, "exit 0"))
    (item,) = source.items()
    with pytest.raises(ValueError, match="walk.glb: has 4 bytes; at most 3"):
        list(source.read(item))


def test_without_bpy_it_says_what_to_install(glb, tmp_path, monkeypatch):
    monkeypatch.setattr(bpy_reader, "ENVIRONMENT", tmp_path / "no environment")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    _, errors = read_all(Folder(glb))
    assert all(word in errors["walk.glb"] for word in ("build_addon.py test", "pip install bpy", "--bpy-python"))


def test_bpy_is_looked_for_here_and_in_our_own_environment(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(bpy_reader, "ENVIRONMENT", tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    assert bpy_reader.find_python() == tmp_path / "bin" / "python"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "bpy")
    assert str(bpy_reader.find_python()) == sys.executable


@pytest.mark.parametrize(
    ("names", "plain"),
    [
        (["Walk", "Run"], ["Walk", "Run"]),
        (["Armature|Walk", "Armature|Run"], ["Walk", "Run"]),
        (["Rig|Walk|BaseLayer", "Rig|Run|BaseLayer"], ["Walk", "Run"]),
        (["Armature|mixamo.com|Layer0"], ["mixamo.com"]),
        (["A|Walk", "B|Walk"], ["A|Walk", "B|Walk"]),
        (["BaseLayer"], ["BaseLayer"]),
    ],
)
def test_actions_are_called_what_people_called_them(names, plain):
    assert bpy_reader.plain_names(names) == plain
