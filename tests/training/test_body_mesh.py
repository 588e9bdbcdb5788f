"""Body meshes: skinning against a plain numpy re-computation, files that trimesh reads back, a GLB that moves right."""

import builtins
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.body_model import SMPLX55_PARENTS, read_model
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from tests import synthetic_body_model
from training import body_corrections, body_glb, body_mesh

BETAS = np.linspace(-1.5, 1.5, 10)
FRAMES = 40  # more than one batch


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = synthetic_body_model.write(tmp_path_factory.mktemp("model") / "SMPLX_NEUTRAL.npz")
    return read_model(path, mesh=True)


def moving(skeleton, frames=FRAMES, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(frames)[:, None, None] / 30
    vectors = 0.5 * np.sin(t * rng.uniform(1, 3, (len(skeleton), 3)) + rng.uniform(0, 6, (len(skeleton), 3)))
    root = np.array([0.5, 0.95, -1.0]) + 0.3 * t[:, 0]
    return Motion(skeleton, root, rot.exp(vectors), 30)


@pytest.fixture(params=["smpl22", "smplx52"])
def motion(request, model):
    return moving(model.skeleton(request.param, BETAS))


def skinned(model, motion):
    """Linear blend skinning as its definition reads, one frame and joint at a time, (T, V, 3)."""
    rest, joints = model.rest_vertices(BETAS), model.joints(BETAS)
    matrices = np.tile(np.eye(3), (len(motion), 55, 1, 1))
    places = list(range(22)) + list(range(25, 55))
    matrices[:, places[: len(motion.skeleton)]] = rot.to_matrix(motion.rotations)
    out = np.zeros((len(motion), *rest.shape))
    for t in range(len(motion)):
        body = rest + model.pose_shapes @ (matrices[t, 1:] - np.eye(3)).reshape(-1)
        world = []
        for j, parent in enumerate(SMPLX55_PARENTS):
            local = np.eye(4)
            local[:3, :3] = matrices[t, j]
            local[:3, 3] = motion.root[t] if parent < 0 else joints[j] - joints[parent]
            world.append(local if parent < 0 else world[parent] @ local)
        for j in range(55):
            moved = (body - joints[j]) @ world[j][:3, :3].T + world[j][:3, 3]
            out[t] += model.weights[:, j : j + 1] * moved
    return out


def test_vertices_are_linear_blend_skinning(model, motion):
    pytest.importorskip("smplx", reason="a body mesh is skinned by the smplx package")
    expected = skinned(model, motion)
    assert np.abs(body_mesh.vertices(model, motion, BETAS, dtype="float64") - expected).max() < 1e-10
    found = body_mesh.vertices(model, motion, BETAS)
    assert found.shape == (FRAMES, 220, 3) and found.dtype == np.float32
    assert np.abs(found - expected).max() < 1e-5


def test_rest_pose_is_the_template(model):
    pytest.importorskip("smplx")
    still = Motion(model.skeleton("smpl22"), model.joints()[:1], np.tile(rot.IDENTITY, (1, 22, 1)))
    assert np.allclose(body_mesh.vertices(model, still)[0], model.template, atol=1e-6)


def test_another_skeleton_is_put_on_the_body(model):
    motion = moving(canonical().with_offsets(canonical().offsets * 0.5), frames=3)
    on = body_mesh.on_body(model, motion, BETAS)
    own = model.skeleton("smpl22", BETAS)
    assert np.array_equal(on.skeleton.offsets, own.offsets)
    theirs, ours = kinematics.joint_positions(motion), kinematics.joint_positions(on)
    for above, joint in (("left_knee", "left_ankle"), ("right_shoulder", "right_elbow"), ("left_elbow", "left_wrist")):
        a, b = own.index(above), own.index(joint)
        assert np.abs(rot.normalize(theirs[:, b] - theirs[:, a]) - rot.normalize(ours[:, b] - ours[:, a])).max() < 1e-9
    travelled = (motion.root[-1] - motion.root[0]) * own.leg_length / motion.skeleton.leg_length
    assert np.allclose(on.root[-1] - on.root[0], travelled, atol=0.005)
    assert body_mesh.on_body(model, on, BETAS) is on


@pytest.mark.parametrize("suffix", [".obj", ".glb"])
def test_a_pose_as_a_file(suffix, model, motion, tmp_path):
    pytest.importorskip("smplx")
    trimesh = pytest.importorskip("trimesh")
    body_mesh.export_pose(tmp_path / f"pose{suffix}", model, motion, frame=-1, betas=BETAS)
    back = trimesh.load(tmp_path / f"pose{suffix}", process=False, force="mesh", maintain_order=True)
    assert np.array_equal(back.faces, model.faces)
    assert np.abs(back.vertices - body_mesh.vertices(model, motion, BETAS)[-1]).max() < 1e-5
    assert [p.name for p in tmp_path.iterdir()] == [f"pose{suffix}"]


def test_a_sequence_of_files(model, motion, tmp_path):
    pytest.importorskip("smplx")
    trimesh = pytest.importorskip("trimesh")
    paths = body_mesh.export_sequence(tmp_path / "run", model, motion[:3], BETAS)
    assert [p.name for p in paths] == ["frame_00000.obj", "frame_00001.obj", "frame_00002.obj"]
    expected = body_mesh.vertices(model, motion[:3], BETAS)
    for path, points in zip(paths, expected):
        assert np.abs(trimesh.load(path, process=False, maintain_order=True).vertices - points).max() < 1e-5
    with pytest.raises(FileExistsError, match="run holds frames already"):
        body_mesh.export_sequence(tmp_path / "run", model, motion[:2], BETAS)


def played(data: bytes) -> np.ndarray:
    """(T, V, 3): what the glTF specification says the file's one animation shows at its keys."""
    document, binary = body_glb.unpack(data)
    widths = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}

    def read(index):
        a = document["accessors"][index]
        view = document["bufferViews"][a["bufferView"]]
        dtype = {5126: "<f4", 5123: "<u2", 5125: "<u4"}[a["componentType"]]
        at = view.get("byteOffset", 0) + a.get("byteOffset", 0)
        return np.frombuffer(binary, dtype, a["count"] * widths[a["type"]], at).reshape(a["count"], -1)

    nodes, skin = document["nodes"], document["skins"][0]
    parents = {child: n for n, node in enumerate(nodes) for child in node.get("children", [])}
    animation = document["animations"][0]
    values = {}
    for channel in animation["channels"]:
        output = read(animation["samplers"][channel["sampler"]]["output"])
        values[channel["target"]["node"], channel["target"]["path"]] = output
    frames = len(read(animation["samplers"][0]["input"]))
    holder = next(n for n, node in enumerate(nodes) if "mesh" in node)
    primitive = document["meshes"][nodes[holder]["mesh"]]["primitives"][0]
    attributes = primitive["attributes"]
    targets = np.stack([read(target["POSITION"]) for target in primitive["targets"]])
    mixed = values[holder, "weights"].reshape(frames, len(targets))
    assert mixed.min() >= 0 and mixed.max() <= 1 + 1e-6
    points = read(attributes["POSITION"]) + np.einsum("tk,kvc->tvc", mixed, targets)
    inverse = read(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
    sets = [k for k in range(4) if f"JOINTS_{k}" in attributes]
    index = np.concatenate([read(attributes[f"JOINTS_{k}"]) for k in sets], axis=1)
    weights = np.concatenate([read(attributes[f"WEIGHTS_{k}"]) for k in sets], axis=1)

    def world(node, t):
        local = np.eye(4)
        x, y, z, w = values.get((node, "rotation"), np.tile([0.0, 0, 0, 1], (frames, 1)))[t]
        local[:3, :3] = rot.to_matrix(np.array([w, x, y, z]))
        moved = values.get((node, "translation"))
        local[:3, 3] = nodes[node].get("translation", [0, 0, 0]) if moved is None else moved[t]
        return world(parents[node], t) @ local if node in parents and parents[node] in skin["joints"] else local

    out = np.zeros(points.shape)
    homogeneous = np.concatenate([points, np.ones((*points.shape[:2], 1))], axis=2)
    for t in range(frames):
        matrices = np.stack([world(node, t) @ inverse[k] for k, node in enumerate(skin["joints"])])
        blended = np.einsum("vk,vkij->vij", weights, matrices[index])
        out[t] = np.einsum("vij,vj->vi", blended, homogeneous[t])[:, :3]
    return out


def test_an_animated_glb_moves_as_the_body_does(model, motion, tmp_path):
    trimesh = pytest.importorskip("trimesh")
    path = tmp_path / "body.glb"
    motion = motion[:10]
    body_glb.export_animation(path, model, motion, BETAS)
    assert np.abs(played(path.read_bytes()) - skinned(model, motion)).max() < 1e-3  # a millimetre
    assert len(trimesh.load(path, process=False, force="mesh").vertices) == 220
    document, binary = body_glb.unpack(path.read_bytes())
    assert document["buffers"][0]["byteLength"] <= len(binary) and len(document["skins"][0]["joints"]) == 55
    assert document["nodes"][document["skins"][0]["joints"][0]]["name"] == "pelvis"
    assert [p.name for p in tmp_path.iterdir()] == ["body.glb"]


@pytest.mark.parametrize("frames", [1, 2, FRAMES])
def test_corrections_are_mixed_from_few_shapes(frames, model):
    motion = moving(model.skeleton("smplx52"), frames)
    matrices = rot.to_matrix(body_mesh.model_rotations(model, motion))
    weights, shapes = body_corrections.shapes(model.pose_shapes, matrices)
    true = np.einsum("vcn,tn->tvc", model.pose_shapes, (matrices[:, 1:] - np.eye(3)).reshape(frames, -1))
    assert np.abs(np.einsum("tk,kvc->tvc", weights, shapes) - true).max() < 3e-4
    assert len(shapes) <= min(frames, body_corrections.MOST + 1)
    assert weights.min() >= 0 and weights.max() <= 1 + 1e-12 and np.array_equal(weights[:, 0], np.ones(frames))


def test_no_corrections_at_rest(model):
    weights, shapes = body_corrections.shapes(model.pose_shapes, np.tile(np.eye(3), (3, 55, 1, 1)))
    assert weights.shape == (3, 1) and not shapes.any()


def test_glb_round_trip():
    document, binary = body_glb.unpack(body_glb.pack({"asset": {"version": "2.0"}}, b"\1\2\3\4\5"))
    assert document == json.loads('{"asset": {"version": "2.0"}}') and binary == b"\1\2\3\4\5\0\0\0"
    with pytest.raises(ValueError, match="not a GLB"):
        body_glb.unpack(b"glTF" + b"\1\0\0\0" * 3)


def test_mistakes(model, motion, tmp_path):
    with pytest.raises(ValueError, match=r"exported as .glb or .obj, not '.fbx'"):
        body_mesh.export_pose(tmp_path / "a.fbx", model, motion)
    with pytest.raises(ValueError, match="no frame 40 in a motion of 40"):
        body_mesh.export_pose(tmp_path / "a.obj", model, motion, frame=40)
    bare = read_model(model.path)
    with pytest.raises(ValueError, match="mesh=True"):
        body_glb.export_animation(tmp_path / "a.glb", bare, motion)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("package", ["torch", "smplx", "trimesh"])
def test_a_missing_package_is_named_with_its_command(package, model, motion, tmp_path, monkeypatch):
    if package == "smplx":
        pytest.importorskip("torch")
    real = builtins.__import__

    def refuse(name):
        if name.split(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
        return real(name, fromlist=["x"])

    monkeypatch.setattr(body_mesh.importlib, "import_module", refuse)
    with pytest.raises(ImportError, match=rf"package '{package}': pip install \"{package}==") as error:
        if package == "trimesh":
            body_glb.export_animation(tmp_path / "a.glb", model, motion)
        else:
            body_mesh.vertices(model, motion)
    assert error.value.name == package


def test_importing_loads_nothing_heavy():
    code = "import sys, training.body_glb; print(sorted({'torch', 'smplx', 'trimesh'} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
