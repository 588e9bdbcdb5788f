"""`python -m training mesh`: every kind of motion on the synthetic body, and the file as Blender shows it."""

import argparse
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from backend.motion import kinematics, smplx_io
from backend.motion import rotations as rot
from backend.motion.body_model import read_model
from backend.motion.features import humanml263
from backend.motion.formats import bvh, npz
from backend.motion.motion import Motion
from backend.motion.resample import resample
from backend.motion.skeleton import canonical
from tests import synthetic_body_model
from training import body_mesh, mesh_command

FRAMES = 20
BETAS = np.linspace(-1.5, 1.5, 10)
BLENDER = Path(__file__).with_name("vertices_in_blender.py")
BPY = Path(os.environ.get("POSEWRIGHT_BPY_PYTHON") or Path(__file__).parents[2] / ".venv/bpy45/bin/python")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return synthetic_body_model.write(tmp_path_factory.mktemp("model") / "SMPLX_NEUTRAL.npz")


@pytest.fixture(scope="module")
def model(file):
    return read_model(file, mesh=True)


def moving(skeleton, frames=FRAMES):
    """A figure at 30 fps that bends every joint and goes forward."""
    rng = np.random.default_rng(0)
    t = np.arange(frames)[:, None, None] / 30
    vectors = 0.4 * np.sin(t * rng.uniform(1, 3, (len(skeleton), 3)) + rng.uniform(0, 6, (len(skeleton), 3)))
    vectors[:, 0] = 0.0
    return Motion(skeleton, np.array([0.0, 0.95, 0.0]) + [0, 0, 0.5] * t[:, 0], rot.exp(vectors), 30)


@pytest.fixture
def amass(model, tmp_path):
    """A file of a body with BETAS, and its motion."""
    motion = moving(model.skeleton("smplx52", BETAS))
    smplx_io.write(tmp_path / "walk_stageii.npz", motion, model, betas=BETAS)
    return tmp_path / "walk_stageii.npz", motion


def run(*arguments):
    parser = argparse.ArgumentParser()
    mesh_command.add_arguments(parser)
    return mesh_command.main(parser.parse_args([str(a) for a in arguments]))


# --- what is read


def test_smpl_parameters_bring_their_body_along(amass, model):
    path, motion = amass
    worn, betas = mesh_command.worn(path, model)
    assert np.array_equal(betas, BETAS) and np.allclose(worn.skeleton.offsets, motion.skeleton.offsets)
    assert np.abs(kinematics.joint_positions(worn) - kinematics.joint_positions(motion)).max() < 1e-6
    turned, _ = mesh_command.worn(path, model, up="y")
    assert np.abs(turned.root - worn.root).max() > 0.5


@pytest.mark.parametrize("up", [None, "z"])
def test_motion_x_says_itself_which_axis_is_up(up, model, tmp_path):
    told = smplx_io.from_motion(moving(model.skeleton("smplx52", BETAS)), model, betas=BETAS, up="z")
    values = np.zeros((FRAMES, 322), np.float32)
    values[:, :156], values[:, 309:312], values[:, 312:] = told.poses.reshape(FRAMES, 156), told.trans, BETAS
    np.save(tmp_path / "clip.npy", values)
    worn, betas = mesh_command.worn(tmp_path / "clip.npy", model, up)
    assert np.allclose(betas, BETAS) and np.allclose(worn.root[:, 1], 0.95, atol=1e-5)


@pytest.mark.parametrize("kind", ["ours", "bvh", "rows"])
def test_other_motions_are_put_on_the_average_body(kind, model, tmp_path):
    motion = moving(canonical())
    if kind == "ours":
        npz.write(path := tmp_path / "walk.npz", motion)
    elif kind == "bvh":
        bvh.write(path := tmp_path / "walk.bvh", motion)
    else:
        np.save(path := tmp_path / "walk.npy", humanml263.encode(resample(motion, 20)))
    worn, betas = mesh_command.worn(path, model)
    assert betas is None and np.array_equal(worn.skeleton.offsets, model.skeleton(worn.skeleton.kind).offsets)
    assert worn.root[-1, 2] - worn.root[0, 2] > 0.2
    knee, ankle = (worn.skeleton.index(name) for name in ("left_knee", "left_ankle"))
    shins = [kinematics.joint_positions(m)[-1][[knee, ankle]] for m in (motion, worn)]
    if kind != "rows":  # which are one frame shorter and on bones of their own
        assert np.abs(np.subtract(*(rot.normalize(a - k) for k, a in shins))).max() < 1e-3


# --- what is written


@pytest.mark.parametrize("suffix", [".glb", ".obj"])
def test_one_frame(suffix, amass, model, file, tmp_path, capsys):
    trimesh = pytest.importorskip("trimesh")
    pytest.importorskip("smplx")
    path, motion = amass
    assert run(path, "--model", file, "--out", tmp_path / f"pose{suffix}", "--frame", -2) == 0
    assert f"pose{suffix}: frame 18 of 20, 220 vertices" in capsys.readouterr().out
    written = trimesh.load(tmp_path / f"pose{suffix}", process=False, force="mesh", maintain_order=True)
    assert np.abs(written.vertices - body_mesh.vertices(model, motion, BETAS)[18]).max() < 1e-5


def test_one_file_a_frame(amass, file, tmp_path, capsys):
    pytest.importorskip("trimesh")
    pytest.importorskip("smplx")
    assert run(amass[0], "--model", file, "--out", tmp_path / "run") == 0
    assert "wrote 20 files" in capsys.readouterr().out and len(list((tmp_path / "run").iterdir())) == FRAMES
    assert run(amass[0], "--model", file, "--out", tmp_path / "run") == 2
    assert "holds frames already" in capsys.readouterr().err


def test_blender_shows_the_body_as_smplx_has_it(amass, model, file, tmp_path):
    pytest.importorskip("trimesh")
    pytest.importorskip("smplx")
    if not BPY.exists():
        pytest.skip(f"{BPY} is not there: run 'python3 build_addon.py test' or set POSEWRIGHT_BPY_PYTHON")
    path, motion = amass
    assert run(path, "--model", file, "--out", tmp_path / "body.glb") == 0
    frames = (0, 7, FRAMES - 1)
    command = [BPY, BLENDER, tmp_path / "body.glb", tmp_path / "shown.npz", *frames]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=120, env=environment)
    with np.load(tmp_path / "shown.npz", allow_pickle=False) as shown:
        assert len(shown["bones"]) == 55 and abs(shown["seconds"] - (FRAMES - 1) / 30) < 1e-4
        x, y, z = np.moveaxis(body_mesh.vertices(model, motion, BETAS)[list(frames)], 2, 0)
        assert np.abs(shown["vertices"] - np.stack([x, -z, y], axis=2)).max() < 1e-3  # a millimetre


# --- what goes wrong


@pytest.mark.parametrize(
    "out, options, says",
    [
        ("body.fbx", (), "body.fbx: written are .glb and .obj"),
        ("body.obj", (), "an OBJ holds one pose, which --frame says"),
        ("run", ("--frame", "3"), "--frame is one pose; name a .glb or .obj file"),
        ("body.obj", ("--frame", "20"), "there is no frame 20 in a motion of 20"),
    ],
)
def test_mistakes_are_one_line(out, options, says, amass, file, tmp_path, capsys):
    assert run(amass[0], "--model", file, "--out", tmp_path / out, *options) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1 and not (tmp_path / out).exists()


@pytest.mark.parametrize(
    "name, content, says",
    [
        ("walk.npz", b"PK", "walk.npz: cannot be read as an NPZ"),
        ("walk.mp4", b"", "walk.mp4: a motion is read from .npz, .npy, .bvh, .amc"),
        ("walk.npy", b"hello", "walk.npy: the array has no plain header"),
        ("walk.bvh", b"HIERARCHY\nROOT tail\n{\nOFFSET 0 0 0\nCHANNELS 3 Xrotation Yrotation Zrotation\nEnd Site\n{\n"
         b"OFFSET 0 1 0\n}\n}\nMOTION\nFrames: 1\nFrame Time: 0.1\n0 0 0\n", "walk.bvh: "),
    ],
)  # fmt: skip
def test_motions_that_are_none(name, content, says, file, tmp_path, capsys):
    (tmp_path / name).write_bytes(content)
    assert run(tmp_path / name, "--model", file, "--out", tmp_path / "body.glb") == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1


def test_a_model_that_is_none(amass, tmp_path, capsys):
    assert run(amass[0], "--model", amass[0], "--out", tmp_path / "body.glb") == 2
    assert "lacks v_template" in capsys.readouterr().err
