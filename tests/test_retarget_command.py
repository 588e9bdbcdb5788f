"""``python -m backend retarget``: files in, a file out, and one line for whatever is wrong."""

import json
import os
import struct
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from backend import cli
from backend.command_line import maps, rigs
from backend.motion import axes, bone_map_json, kinematics, retarget, smplx_io
from backend.motion import rotations as rot
from backend.motion.bone_map import BoneMap
from backend.motion.formats import bvh, npz
from backend.motion.motion import Motion
from backend.motion.rest_rig import RestRig
from backend.motion.skeleton import Skeleton, canonical
from backend.wire import RequestError

ROOT = Path(__file__).resolve().parents[1]
BPY = ROOT / ".venv" / "bpy45" / "bin" / "python"
BASE = canonical()
MIXAMO = {
    "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": "Head",
    "hip": "UpLeg", "knee": "Leg", "ankle": "Foot", "foot": "ToeBase",
    "collar": "Shoulder", "shoulder": "Arm", "elbow": "ForeArm", "wrist": "Hand",
}  # fmt: skip
UNREAL = {
    "pelvis": "pelvis", "spine1": "spine_01", "spine2": "spine_02", "spine3": "spine_03", "neck": "neck_01",
    "head": "head", "hip": "thigh", "knee": "calf", "ankle": "foot", "foot": "ball",
    "collar": "clavicle", "shoulder": "upperarm", "elbow": "lowerarm", "wrist": "hand",
}  # fmt: skip


def named(slot: str, scheme: dict[str, str]) -> str:
    side, _, part = slot.rpartition("_")
    if scheme is UNREAL:
        return scheme[part] + (f"_{side[0]}" if side else "")
    return side.capitalize() + scheme[part]


def walking(frames=40, fps=30) -> Motion:
    t = np.linspace(0, 2 * np.pi, frames)
    x, z = np.eye(3)[0], np.eye(3)[2]
    rotations = np.tile(rot.IDENTITY, (frames, 22, 1))
    for side, sign in (("left_", 1.0), ("right_", -1.0)):
        swing = 0.4 * np.sin(t) * sign
        for joint, axis, angle in (
            ("hip", x, -0.2 - swing), ("knee", x, 0.4 + 0 * t), ("ankle", x, swing - 0.2),
            ("shoulder", z, -1.2 * sign + 0 * t), ("elbow", -sign * np.eye(3)[1], 0.5 + swing / 2),
        ):  # fmt: skip
            rotations[:, BASE.index(side + joint)] = rot.from_axis_angle(axis, angle)
    root = np.stack([0.0 * t, np.full(frames, 0.9), 0.02 * np.arange(frames)], axis=-1)
    return Motion(BASE, root, rotations, fps)


def renamed(motion: Motion, scheme=MIXAMO) -> Motion:
    skeleton = motion.skeleton
    names = tuple(named(n, scheme) for n in skeleton.names)
    return Motion(
        Skeleton("other", names, skeleton.parents, skeleton.offsets), motion.root, motion.rotations, motion.fps
    )


def rig_json(legs=0.8, extra=True) -> dict:
    """Unreal's names, shorter legs, arms that hang, on a root bone; Blender's axes."""
    part = {"knee": legs, "ankle": legs}
    scale = np.array([part.get(n.split("_")[-1], 1.0) for n in BASE.names])
    skeleton = BASE.with_offsets(BASE.offsets * scale[:, None])
    hang = np.tile(rot.IDENTITY, (1, 22, 1))
    hang[0, BASE.index("left_shoulder")] = rot.exp(np.array([0, 0, -0.8]))
    hang[0, BASE.index("right_shoulder")] = rot.exp(np.array([0, 0, 0.8]))
    heads = kinematics.forward(skeleton, np.array([[0.0, skeleton.hip_height, 0.0]]), hang)[0][0]
    to_z_up = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    heads = heads @ to_z_up.T
    bones = {"root": {"parent": "", "head": [0, 0, 0], "tail": [0, 0.1, 0], "roll": 0.0}}
    for j in reversed(range(22)):  # children before their parents, as a file may have them
        p = BASE.parents[j]
        below = [heads[c] for c in BASE.children[j]]
        tail = np.mean(below, axis=0) if below else heads[j] + 0.5 * (heads[j] - heads[p])
        bones[named(BASE.names[j], UNREAL)] = {
            "parent": named(BASE.names[p], UNREAL) if p >= 0 else "root",
            "head": heads[j].tolist(),
            "tail": tail.tolist(),
            "roll": 0.3,
        }
    if extra:
        bones["hat"] = {"parent": "head", "head": [0, 0, 1.8], "tail": [0, 0, 1.9], "roll": 0.0}
    return bones


@pytest.fixture
def folder(tmp_path):
    """walk.bvh (Mixamo's names), walk.npz (ours), amass.npz, rig.json and rig.bvh (Unreal's names)."""
    bvh.write(tmp_path / "walk.bvh", renamed(walking()))
    npz.write(tmp_path / "walk.npz", walking())
    smplx_io.write(tmp_path / "amass.npz", walking())
    (tmp_path / "rig.json").write_text(json.dumps(rig_json()))
    return tmp_path


def run(folder, *arguments):
    return cli.main(
        [
            "retarget",
            *(str(folder / a) if str(a).endswith((".bvh", ".npz", ".json", ".fbx")) else str(a) for a in arguments),
        ]
    )


def directions(motion, scheme=None):
    at, names = kinematics.joint_positions(motion), motion.skeleton.names
    pairs = [("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")]
    place = [[s + a, s + b] for s in ("left_", "right_") for a, b in pairs]
    if scheme:
        place = [[named(n, scheme) for n in pair] for pair in place]
    return np.stack([rot.normalize(at[:, names.index(b)] - at[:, names.index(a)]) for a, b in place], axis=1)


@pytest.mark.parametrize("source", ["walk.bvh", "walk.npz", "amass.npz"])
def test_onto_the_bones_of_a_rig(folder, capsys, source):
    assert run(folder, source, "--onto", "rig.json", "--out", "out.bvh", "--feet", 0, "--hands", 0) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["map"] == "Unreal" and said["frames"] == 40 and said["fps"] == [30, 1] and said["warnings"] == []
    assert said["correction"] == {"feet": 0.0, "hands": 0.0}
    there, bones = bvh.read(folder / "out.bvh"), rig_json()
    assert set(there.skeleton.names) == set(bones)
    for name, p in zip(there.skeleton.names, there.skeleton.parents):
        above = bones[name]["parent"]
        assert (there.skeleton.names[p] if p >= 0 else "") == above
        if above:
            x, y, z = np.array(bones[name]["head"]) - bones[above]["head"]
            assert np.allclose(there.skeleton.offsets[there.skeleton.index(name)], [x, z, -y], atol=1e-6)
    assert np.abs(directions(there, UNREAL) - directions(walking())).max() < 1e-4
    for bone in ("root", "hat"):
        assert rot.angle(there.rotations[:, there.skeleton.index(bone)]).max() < 1e-4
    height = kinematics.joint_positions(there)[:, there.skeleton.index("ball_l"), 1].min()
    assert abs(height - 0.8 * kinematics.joint_positions(walking())[:, BASE.index("left_foot"), 1].min()) < 0.05


def test_feet_are_corrected_unless_told_otherwise(folder, capsys):
    wide = rig_json()
    for bone, entry in wide.items():  # hips twice as far apart
        if bone.startswith(("thigh", "calf", "foot", "ball")):
            for end in ("head", "tail"):
                entry[end][0] += 0.09 if bone.endswith("_l") else -0.09
    (folder / "wide.json").write_text(json.dumps(wide))
    feet = []
    for strength in (0, 1):
        assert run(folder, "walk.npz", "--onto", "wide.json", "--out", "out.bvh", "--feet", strength, "--hands", 0) == 0
        there = bvh.read(folder / "out.bvh")
        at, i = kinematics.joint_positions(there), there.skeleton.index
        feet.append(at[:, i("foot_l"), 0] - at[:, i("foot_r"), 0])
    at = kinematics.joint_positions(walking())
    wanted = 0.8 * (at[:, BASE.index("left_ankle"), 0] - at[:, BASE.index("right_ankle"), 0])
    assert np.abs(feet[0] - wanted).min() > 0.15
    assert np.abs(feet[1] - wanted).max() < 0.01


def test_to_another_rate_and_to_smplx_parameters(folder, capsys):
    assert (
        run(folder, "walk.bvh", "--onto", "rig.json", "--out", "out.npz", "--fps", 24, "--feet", 0, "--hands", 0) == 0
    )
    assert json.loads(capsys.readouterr().out)["source_map"] == "Mixamo"
    there = smplx_io.read(folder / "out.npz")
    assert there.fps == Fraction(24) and len(there) == round(39 / 30 * 24) + 1
    at_24 = directions(walking())[::5]
    assert np.abs(directions(there)[::4][: len(at_24)] - at_24).max() < 0.02


def test_onto_a_bvh_and_onto_an_npz(folder, capsys):
    assert run(folder, "walk.bvh", "--onto", "rig.json", "--out", "rig.bvh") == 0
    assert run(folder, "amass.npz", "--onto", "rig.bvh", "--out", "again.bvh", "--feet", 0, "--hands", 0) == 0
    first, again = bvh.read(folder / "rig.bvh"), bvh.read(folder / "again.bvh")
    assert again.skeleton.names == first.skeleton.names
    assert np.abs(directions(again, UNREAL) - directions(walking())).max() < 1e-4
    ends = [bvh.end_sites(folder / name) for name in ("rig.bvh", "again.bvh")]
    assert all(np.allclose(ends[0][n], ends[1][n], atol=1e-6) for n in ends[0])
    assert run(folder, "rig.bvh", "--onto", "walk.npz", "--out", "back.npz") == 0
    assert np.abs(directions(smplx_io.read(folder / "back.npz")) - directions(walking())).max() < 0.05


def test_a_floor_of_the_file_s_own(folder, capsys):
    walk = walking()
    low = Motion(BASE, walk.root - [0.0, walk.root[0, 1], 0.0], walk.rotations, 30)  # heights counted from the hips
    bvh.write(folder / "low.bvh", renamed(low))
    lowest = []
    for name in ("walk.bvh", "low.bvh"):
        assert run(folder, name, "--onto", "rig.json", "--out", "out.bvh") == 0
        there = bvh.read(folder / "out.bvh")
        lowest.append(kinematics.joint_positions(there)[:, there.skeleton.index("ball_l"), 1].min())
    assert abs(lowest[1] - lowest[0]) < 0.06


def test_every_armature_s_reason_is_said():
    rig = RestRig(("a",), (-1,), np.zeros((1, 3)), np.ones((1, 3)), np.ones(1, bool))
    with pytest.raises(RequestError, match=r"2 armatures: below 'a' no .*; below 'b' no .*") as one:
        maps.choose(Path("two.glb"), [rig, replace(rig, names=("b",))], None, "--map")
    assert "--map" in one.value.action


def test_maps_of_the_user(folder, capsys):
    odd = {f"b{k}": dict(entry, parent="") for k, entry in enumerate(rig_json(extra=False).values())}
    new = dict(zip(rig_json(extra=False), odd))
    for name, entry in rig_json(extra=False).items():
        odd[new[name]]["parent"] = new[entry["parent"]] if entry["parent"] else ""
    (folder / "odd.json").write_text(json.dumps(odd))
    mine = BoneMap("mine", {s: (new[named(s, UNREAL)],) for s in BASE.names})
    (folder / "map.json").write_text(json.dumps(bone_map_json.to_dict(mine)))
    assert (
        run(
            folder, "walk.bvh", "--onto", "odd.json", "--out", "out.bvh", "--map", "map.json", "--hands", 0, "--feet", 0
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out)["map"] == "mine"
    there = bvh.read(folder / "out.bvh")
    back = Motion(there.skeleton, there.root, there.rotations, there.fps)
    assert np.abs(directions(retarget.retarget(back, mine)) - directions(walking())).max() < 1e-4
    source = BoneMap("hers", {s: (named(s, MIXAMO),) for s in BASE.names})
    (folder / "hers.json").write_text(json.dumps(bone_map_json.to_dict(source)))
    assert run(folder, "walk.bvh", "--onto", "rig.json", "--out", "out.bvh", "--source-map", "hers.json") == 0
    assert json.loads(capsys.readouterr().out)["source_map"] == "hers"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["walk.bvh", "--onto", "rig.json"], "--out"),
        (["walk.bvh", "--out", "o.bvh"], "--onto"),
        (["walk.bvh", "--onto", "rig.json", "--out", "o.bvh", "--feet", "2"], "--feet: expected a strength from 0 to"),
        (["walk.bvh", "--onto", "rig.json", "--out", "o.bvh", "--hands", "nan"], "got 'nan'"),
        (["walk.bvh", "--onto", "rig.json", "--out", "o.txt"], "ends in .npz or .bvh"),
        (["none.bvh", "--onto", "rig.json", "--out", "o.bvh"], "none.bvh: cannot be opened"),
        (["rig.json", "--onto", "rig.json", "--out", "o.bvh"], "rig.json holds no motion"),
        (["walk.bvh", "--onto", "box.json", "--out", "o.bvh"], "Bone Map) and give it with --map."),
        (["walk.bvh", "--onto", "cycle.json", "--out", "o.bvh"], "the parents of 'a' are not there, or hang on it"),
        (["walk.bvh", "--onto", "list.json", "--out", "o.bvh"], "needs bone -> parent, head and tail"),
        (["walk.bvh", "--onto", "cut.json", "--out", "o.bvh"], "is no JSON of bones"),
        (["walk.bvh", "--onto", "holes.json", "--out", "o.bvh"], "three finite numbers"),
        (["walk.bvh", "--onto", "rig.json", "--out", "o.bvh", "--map", "none.json"], "none.json cannot be read"),
        (["walk.bvh", "--onto", "rig.json", "--out", "o.bvh", "--map", "rig.json"], "bone map version None cannot"),
        (["walk.bvh", "--onto", "rig.json", "--out", "o.bvh", "--map", "other.json"], "rig.json has no bones"),
        (["walk.bvh", "--onto", "rig.json", "--out", "o.bvh", "--source-map", "other.json"], "with --source-map."),
        (["walk.bvh", "--onto", "rig.json", "--out", "o.bvh", "--map", "tuned.json"], "is calibrated"),
        (["walk.bvh", "--onto", "rig.fbx", "--out", "o.bvh"], ".venv/bpy45/bin/python -m backend retarget"),
        (["walk.fbx", "--onto", "rig.json", "--out", "o.bvh"], "does not have"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(folder, capsys, monkeypatch, arguments, message):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    bone = {"parent": "", "head": [0, 0, 0], "tail": [0, 0, 1]}
    made = {
        "box": {"box": bone}, "cycle": {"a": bone | {"parent": "b"}, "b": bone | {"parent": "a"}},
        "list": [1, 2], "holes": {"a": bone | {"head": [0, 0, float("inf")]}},
        "other": bone_map_json.to_dict(BoneMap("other", {s: (s.upper(),) for s in BASE.names})),
        "tuned": bone_map_json.to_dict(BoneMap("t", {s: (named(s, UNREAL),) for s in BASE.names}))
        | {"calibration": {"space": "armature", "t_pose": True, "bones": {}}},
    }  # fmt: skip
    for name, content in made.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    (folder / "cut.json").write_text('{"a": ')
    assert run(folder, *arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and message in printed.err, printed.err
    assert not list(folder.glob("o.*"))


def armature_arrays(action: bool) -> dict:
    """What bpy would make of a file with the rig of ``rig_json``; moved 1 m ahead in its only action."""
    bones = rig_json()
    names = ["root", *[n for n in reversed(list(bones)) if n not in ("root", "hat")], "hat"]
    heads = np.array([bones[n]["head"] for n in names])
    rest = np.concatenate([np.tile(np.eye(3), (len(names), 1, 1)), heads[..., None]], axis=-1)
    above = [bones[n]["parent"] for n in names]
    made = {
        "names": np.array(names), "parents": np.array([names.index(p) if p else -1 for p in above]), "rest": rest,
        "tails": np.array([bones[n]["tail"] for n in names], float), "deform": np.ones(len(names), bool),
        "fps": np.array([24.0, 1.0]), "actions": np.array(["Step", "Other"] if action else [], str),
        "reasons": np.array(["", ""] if action else [], str),
    }  # fmt: skip
    if action:
        posed = np.tile(rest, (5, 1, 1, 1))
        posed[:, :, 1, 3] -= np.linspace(0, 1, 5)[:, None]
        made |= {"action0": posed, "action1": posed}
    return made


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for bpy is a shell script")
def test_a_file_that_bpy_reads(folder, capsys, monkeypatch):
    for name in ("rig", "step"):
        (folder / f"{name}.fbx").write_bytes(b"FBX")
    np.savez(folder / "made.npz", **armature_arrays(action=True))
    stand_in = folder / "python"
    stand_in.write_text(f"#!/bin/sh\ncp {folder}/made.npz $3/0000.npz\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "bpy")
    monkeypatch.setattr(sys, "executable", str(stand_in))
    assert run(folder, "step.fbx", "--onto", "rig.fbx", "--out", "out.bvh") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["warnings"] == ["step.fbx: Step is taken, not Other"] and said["fps"] == [24, 1]
    there = bvh.read(folder / "out.bvh")
    assert np.allclose(np.diff(there.root[:, 2]), 0.25, atol=1e-5)
    assert rot.angle(there.rotations).max() < 1e-3
    np.savez(folder / "made.npz", **armature_arrays(action=False))
    assert run(folder, "step.fbx", "--onto", "rig.fbx", "--out", "out.bvh") == 2
    assert "holds an armature but no animation" in capsys.readouterr().err
    humanoid = {"humanBones": {"hips": {"node": 0}}}
    table = {"nodes": [{"name": "pelvis"}], "extensions": {"VRMC_vrm": {"humanoid": humanoid}}}
    text = json.dumps(table).encode()
    (folder / "a.vrm").write_bytes(struct.pack("<4sIII4s", b"glTF", 2, 20 + len(text), len(text), b"JSON") + text)
    assert rigs.read(folder / "a.vrm")[0].labels == {"pelvis": "hips"}


GLB = """
import sys, bpy
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
import json
bones = json.load(open(sys.argv[1]))
rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
bpy.context.scene.collection.objects.link(rig)
bpy.context.view_layer.objects.active = rig
bpy.ops.object.mode_set(mode="EDIT")
made = {name: rig.data.edit_bones.new(name) for name in bones}
for name, bone in made.items():
    bone.head, bone.tail, bone.roll = bones[name]["head"], bones[name]["tail"], bones[name]["roll"]
    bone.parent = made.get(bones[name]["parent"])
bpy.ops.object.mode_set(mode="OBJECT")
for frame, angle in ((1, 0.0), (11, 1.0)):
    arm = rig.pose.bones["upperarm_l"]
    arm.rotation_mode = "XYZ"
    arm.rotation_euler = (angle, 0, 0)
    arm.keyframe_insert("rotation_euler", frame=frame)
bpy.ops.export_scene.gltf(filepath=sys.argv[2])
sys.stdout.flush()
import os
os._exit(0)
"""


@pytest.mark.skipif(not BPY.exists(), reason="no .venv/bpy45: python3 build_addon.py test makes it")
def test_a_gltf_file_from_one_rig_to_another(folder):
    script = folder / "make.py"
    script.write_text(GLB)
    subprocess.run([BPY, script, folder / "rig.json", folder / "rig.glb"], check=True, capture_output=True)
    names = [folder / "rig.glb", "--onto", folder / "walk.bvh", "--out", folder / "out.bvh"]
    done = subprocess.run([BPY, "-m", "backend", "retarget", *names], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["map"] == "Mixamo"
    turned = rot.angle(
        bvh.read(folder / "out.bvh").rotations[:, list(bvh.read(folder / "out.bvh").skeleton.names).index("LeftArm")]
    )
    assert np.ptp(turned) > 0.3


def test_a_source_with_z_up(folder, capsys):
    """It comes out as the same with Y up does, and that is said."""
    walk, turn = renamed(walking()), rot.inverse(axes.TURNS["z"])
    skeleton = Skeleton("other", walk.skeleton.names, walk.skeleton.parents, rot.rotate(turn, walk.skeleton.offsets))
    rotations = rot.multiply(rot.multiply(turn, walk.rotations), rot.inverse(turn))
    bvh.write(folder / "z.bvh", Motion(skeleton, rot.rotate(turn, walk.root), rotations, 30))
    assert run(folder, "walk.bvh", "--onto", "rig.json", "--out", "y.bvh") == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == []
    assert run(folder, "z.bvh", "--onto", "rig.json", "--out", "out.bvh") == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == ["Z is up in it: it was turned so that Y is"]
    places = [kinematics.joint_positions(bvh.read(folder / name)) for name in ("y.bvh", "out.bvh")]
    assert np.abs(places[0] - places[1]).max() < 1e-4
