"""SMPL-X and SMPL-H files as we read them against the smplx package itself: joints and vertices of synthetic bodies."""

import numpy as np
import pytest

from backend.motion import kinematics, smplx_io
from backend.motion.body_model import BODY_AND_HANDS, model_path, read_model
from tests import synthetic_body_model
from training import body_mesh

smplx = pytest.importorskip("smplx", reason="the package that the comparison is with")
torch = pytest.importorskip("torch")

FRAMES, COMPONENTS = 12, 12
GENDERS = ("neutral", "male", "female")
SAME = 1e-7  # metres; the package lengthens every rotation vector by 1e-8 before it divides by its length


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return synthetic_body_model.write_folder(tmp_path_factory.mktemp("body_models"))


@pytest.fixture
def reference(folder, monkeypatch):
    """Function (body, gender, parameters, options of the package) -> its joints (T, 52, 3) and vertices (T, V, 3)."""
    # the package picks landmarks among a true body's 10,475 vertices
    ids = {name: dict.fromkeys(found, 0) for name, found in smplx.body_models.VERTEX_IDS.items()}
    monkeypatch.setattr(smplx.body_models, "VERTEX_IDS", ids)
    classes = {"smplx": smplx.SMPLX, "smplh": smplx.SMPLH}

    def run(body, gender, parameters, **options):
        options = {"use_pca": False, "flat_hand_mean": True, "batch_size": FRAMES, **options}
        path = model_path(folder, body, gender)
        layer = classes[body](str(path), gender=gender, ext="npz", dtype=torch.float64, **options)
        tensors = {key: torch.as_tensor(value) for key, value in parameters.items()}
        with torch.inference_mode():
            out = layer(**tensors)
        joints = out.joints.numpy()[:, : 55 if body == "smplx" else 52]
        return joints[:, list(BODY_AND_HANDS)] if body == "smplx" else joints, out.vertices.numpy()

    return run


@pytest.fixture
def parameters():
    """As the package takes them, random: full hands."""
    rng = np.random.default_rng(3)
    widths = {"global_orient": 3, "body_pose": 63, "left_hand_pose": 45, "right_hand_pose": 45, "transl": 3}
    return {"betas": np.repeat(rng.normal(size=(1, 10)), FRAMES, axis=0)} | {
        key: rng.normal(0, 0.4, (FRAMES, width)) for key, width in widths.items()
    }


def write(path, parameters, body, gender, **changes):
    """The same parameters as an AMASS file of that body."""
    orient, pose, left, right = (parameters[k] for k in list(parameters)[1:5])
    arrays = {"trans": parameters["transl"], "betas": parameters["betas"][0], "gender": np.array(gender)}
    if body == "smplh":
        arrays |= {"poses": np.concatenate([orient, pose, left, right], axis=1), "mocap_framerate": np.array(120.0)}
    else:
        arrays |= {"root_orient": orient, "pose_body": pose, "pose_hand": np.concatenate([left, right], axis=1)}
        arrays |= {"mocap_frame_rate": np.array(120.0)}
    np.savez(path, **{**arrays, **changes})
    return path


@pytest.mark.parametrize("gender", GENDERS)
@pytest.mark.parametrize("body", ["smplx", "smplh"])
def test_joints_and_vertices(body, gender, folder, reference, parameters, tmp_path):
    path = write(tmp_path / "a_poses.npz", parameters, body, gender)
    told = smplx_io.read_parameters(path)
    assert (told.body, told.gender) == (body, gender)
    model = read_model(model_path(folder, told.body, told.gender), mesh=True)
    motion = smplx_io.read(path, model, up="y")
    joints, vertices = reference(body, gender, parameters)
    assert np.abs(kinematics.joint_positions(motion) - joints).max() < SAME
    assert np.abs(body_mesh.vertices(model, motion, told.betas, dtype="float64") - vertices).max() < SAME
    assert np.abs(body_mesh.vertices(model, motion, told.betas) - vertices).max() < 1e-5


@pytest.mark.parametrize("flat", [None, True, False])
def test_hands_as_components(flat, folder, reference, parameters, tmp_path):
    rng = np.random.default_rng(5)
    left, right = rng.normal(0, 0.5, (2, FRAMES, COMPONENTS))
    hands = {"left_hand_pose": left, "right_hand_pose": right}
    path = write(tmp_path / "a.npz", parameters | hands, "smplx", "male")
    model = read_model(model_path(folder, "smplx", "male"))
    motion = smplx_io.read(path, model, up="y", flat_hand_mean=flat)
    options = {"use_pca": True, "num_pca_comps": COMPONENTS, "flat_hand_mean": bool(flat)}
    joints, _ = reference("smplx", "male", parameters | hands, **options)
    assert np.abs(kinematics.joint_positions(motion) - joints).max() < SAME


def test_the_mean_hand_is_added_to_full_hands(folder, reference, parameters, tmp_path):
    path = write(tmp_path / "a.npz", parameters, "smplx", "female")
    model = read_model(model_path(folder, "smplx", "female"))
    motion = smplx_io.read(path, model, up="y", flat_hand_mean=False)
    joints, _ = reference("smplx", "female", parameters, flat_hand_mean=False)
    assert np.abs(kinematics.joint_positions(motion) - joints).max() < SAME
