"""AMASS-style files: exact round trips, true joints with a body model, and nothing but ValueError for damaged ones."""

import io
import warnings
import zipfile
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.motion import kinematics, smplx_io
from backend.motion import rotations as rot
from backend.motion.body_model import SMPLX55_PARENTS, model_path, read_model
from backend.motion.formats.bounded_npz import ArraysError
from backend.motion.formats.text import Limits
from backend.motion.motion import Motion
from backend.motion.skeleton import SMPLX52_NAMES, canonical
from tests import synthetic_body_model

FRAMES = 5


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = synthetic_body_model.write(tmp_path_factory.mktemp("model") / "SMPLX_NEUTRAL.npz")
    return read_model(path)


def amass(layout="smplh", seed=0, **changes):
    """The arrays of a file as AMASS writes them (SMPL-H), of its newer SMPL-X layout, or of that without ``poses``."""
    rng = np.random.default_rng(seed)
    parts = {"root_orient": 3, "pose_body": 63, "pose_jaw": 3, "pose_eye": 6, "pose_hand": 90}
    parts = {key: rng.normal(0, 0.4, (FRAMES, width)) for key, width in parts.items()}
    found = {"trans": rng.normal(size=(FRAMES, 3)), "betas": rng.normal(size=16), "gender": np.array("female")}
    if layout == "smplh":
        whole = [parts["root_orient"], parts["pose_body"], parts["pose_hand"]]
        found |= {"mocap_framerate": np.array(120.0), "dmpls": np.zeros((FRAMES, 8))}
        found["poses"] = np.concatenate(whole, axis=1)
    else:
        found |= parts | {"mocap_frame_rate": np.array(59.94), "surface_model_type": np.array("smplx")}
        if layout == "smplx":
            found["poses"] = np.concatenate(list(parts.values()), axis=1)
    return {**found, **changes}


@pytest.fixture
def written(tmp_path):
    """Function (arrays) -> path."""

    def write(arrays, drop=()):
        path = tmp_path / "walk_stageii.npz"
        np.savez(path, **{key: value for key, value in arrays.items() if key not in drop})
        return path

    return write


# --- round trips


@pytest.mark.parametrize("up", ["z", "y", "-y"])
@pytest.mark.parametrize("with_model", [False, True])
@pytest.mark.parametrize(
    "kind, layout", [("smpl22", "body"), ("smpl22", "smplx"), ("smplx52", "smplh"), ("smplx52", "smplx")]
)
@pytest.mark.parametrize("fps", [30, Fraction(24000, 1001), 120])
def test_round_trip(kind, layout, up, fps, with_model, tmp_path, random_motion, model):
    motion = random_motion(canonical(kind), fps=fps, amount=3.0)
    path, body = tmp_path / "a.npz", model if with_model else None
    betas = np.linspace(-2, 2, 16)
    smplx_io.write(path, motion, body, betas=betas, gender="male", up=up, layout=layout)
    back = smplx_io.read(path, body, up=up, kind=kind)
    assert np.abs(back.root - motion.root).max() < 1e-6
    assert rot.angle_between(back.rotations, motion.rotations).max() < 1e-6
    assert (back.fps, back.skeleton.kind) == (motion.fps, kind)
    told = smplx_io.read_parameters(path)
    assert np.array_equal(told.betas, betas) and told.gender == "male"
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_numpy_reads_what_is_written(tmp_path, random_motion):
    smplx_io.write(tmp_path / "a.npz", random_motion(canonical("smplx52"), frames=4))
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert found["poses"].shape == (4, 165) and found["poses"].dtype == np.float64
        assert not found["poses"][:, 66:75].any() and not found["pose_jaw"].any() and not found["pose_eye"].any()
        parts = [found[k] for k in ("root_orient", "pose_body", "pose_jaw", "pose_eye", "pose_hand")]
        assert np.array_equal(np.concatenate(parts, axis=1), found["poses"])
        assert found["mocap_frame_rate"] == 30.0 and found["gender"] == "neutral"
    smplx_io.write(tmp_path / "b.npz", random_motion(), layout="smplh")
    with np.load(tmp_path / "b.npz", allow_pickle=False) as found:
        assert found["poses"].shape[1] == 156 and "mocap_framerate" in found


# --- what a file means


def test_amass_stands_up(written):
    """The rest pose of SMPL-H in AMASS's world: turned by +90 degrees about X it stands along Z and faces -Y."""
    poses = np.zeros((FRAMES, 156))
    poses[:, 0] = np.pi / 2
    trans = np.array([[1.0, 2.0, 0.95]] * FRAMES)
    motion = smplx_io.read(written(amass(poses=poses, trans=trans)))
    assert np.allclose(motion.rotations, rot.IDENTITY, atol=1e-12)
    assert np.allclose(motion.root, [1.0, 0.95, -2.0])
    assert motion.fps == 120 and len(motion.skeleton) == 52


def test_a_cameras_axes(written):
    """Y down, facing the camera along -Z: the figure stands up and faces +Z."""
    poses = np.zeros((FRAMES, 156))
    poses[:, 0] = np.pi
    trans = np.array([[0.1, -0.2, 4.0]] * FRAMES)
    motion = smplx_io.read(written(amass(poses=poses, trans=trans)), up="-y")
    assert rot.angle_between(motion.rotations, rot.IDENTITY).max() < 1e-7
    assert np.allclose(motion.root, [0.1, 0.2, -4.0])


@pytest.mark.parametrize("layout", ["smplh", "smplx", "parts"])
def test_layouts_hold_the_same_joints(layout, written):
    arrays = amass(layout)
    motion = smplx_io.read(written(arrays), up="y")
    whole = amass("smplx")["poses"].reshape(FRAMES, 55, 3)
    expected = np.concatenate([whole[:, :22], whole[:, 25:]], axis=1)
    assert rot.angle_between(rot.exp(expected), motion.rotations).max() < 1e-7
    assert motion.fps == (120 if layout == "smplh" else Fraction(60000, 1001))
    assert smplx_io.read_parameters(written(arrays)).body == ("smplh" if layout == "smplh" else "smplx")
    body = smplx_io.read(written(arrays), up="y", kind="smpl22")
    assert np.allclose(body.rotations, motion.rotations[:, :22])


def test_parts_without_hands_are_a_body(written):
    assert smplx_io.read(written(amass("parts"), drop=("pose_hand",))).skeleton.kind == "smpl22"


def test_scalars_as_writers_vary_them(written):
    arrays = amass(gender=np.array(b"male"), mocap_framerate=np.array([100]), betas=np.ones((1, 10), "f4"))
    told = smplx_io.read_parameters(written(arrays))
    assert (told.gender, told.fps, told.betas.shape) == ("male", 100, (10,))
    told = smplx_io.read_parameters(written(amass(), drop=("gender", "betas")))
    assert told.gender == "neutral" and not told.betas.any()
    assert smplx_io.read(written(amass(), drop=("mocap_framerate",)), fps="24000/1001").fps == Fraction(24000, 1001)


def test_a_file_without_a_rate_must_be_given_one(written):
    """Whoever reads it may be at a command line, where there is nothing to say it with."""
    with pytest.raises(ValueError, match="add it to the file as mocap_frame") as told:
        smplx_io.read(written(amass(), drop=("mocap_framerate",)))
    assert "fps" not in str(told.value)


def test_pickles_that_nobody_asked_for_do_not_matter(written):
    assert len(smplx_io.read(written(amass(labels_obs=np.array([["a"], None], dtype=object))))) == FRAMES


# --- with a body model


@pytest.mark.parametrize("up", ["z", "y"])
def test_joints_are_where_the_model_has_them(up, written, model):
    """Against the model's own kinematics: homogeneous matrices about its rest joints, then + trans."""
    arrays = amass("smplx", betas=np.linspace(-1, 1, 10))
    motion = smplx_io.read(written(arrays), model, up=up)
    rest = model.joints(arrays["betas"])
    rotations = rot.to_matrix(rot.exp(arrays["poses"].reshape(FRAMES, 55, 3)))
    expected = np.zeros((FRAMES, 55, 3))
    for t in range(FRAMES):
        chain = []
        for j, parent in enumerate(SMPLX55_PARENTS):
            local = np.eye(4)
            local[:3, :3] = rotations[t, j]
            local[:3, 3] = rest[j] - (rest[parent] if parent >= 0 else 0)
            chain.append(local if parent < 0 else chain[parent] @ local)
            expected[t, j] = chain[j][:3, 3] + arrays["trans"][t]
    if up == "z":
        expected = np.stack([expected[..., 0], expected[..., 2], -expected[..., 1]], axis=-1)
    ours = np.concatenate([expected[:, :22], expected[:, 25:]], axis=1)
    assert np.abs(kinematics.joint_positions(motion) - ours).max() < 1e-9


def test_without_a_model_only_a_constant_is_missing(written, model):
    path = written(amass())
    true, ours = smplx_io.read(path, model), smplx_io.read(path)
    shift = true.root - ours.root
    assert np.allclose(shift, shift[0]) and np.allclose(true.rotations, ours.rotations)
    pelvis = model.joints(smplx_io.read_parameters(path).betas)[0]
    assert np.allclose(shift[0], [pelvis[0], pelvis[2], -pelvis[1]])


def test_smplh_model(tmp_path, written):
    model = read_model(synthetic_body_model.write(tmp_path / "model.npz", joints=52))
    assert len(model.parents) == 52 and model.shapes.shape[2] == 16
    motion = smplx_io.read(written(amass()), model)
    assert motion.skeleton.names == SMPLX52_NAMES and motion.skeleton.kind == "smplx52"


@pytest.mark.parametrize("place", ["smplx/male/model.npz", "smplx/SMPLX_MALE.npz", "SMPLX_MALE.npz"])
def test_models_are_found_where_others_keep_them(place, tmp_path):
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).touch()
    assert model_path(tmp_path, "smplx", "male") == tmp_path / place
    with pytest.raises(FileNotFoundError, match="no female smplx model; looked for smplx/female/model.npz, smplx/SMPL"):
        model_path(tmp_path, "smplx", "female")


@pytest.mark.parametrize("count, kept", [(400, 300), (20, 10)])
def test_shapes_are_told_from_expressions(count, kept, tmp_path):
    arrays = synthetic_body_model.arrays(shapes=count)
    path = synthetic_body_model.write(tmp_path / "m.npz", shapedirs=arrays["shapedirs"])
    model = read_model(path)
    assert model.shapes.shape[2] == kept
    betas = np.arange(kept) / kept
    expected = arrays["J_regressor"] @ (arrays["v_template"] + arrays["shapedirs"][:, :, :kept] @ betas)
    assert np.allclose(model.joints(betas), expected)
    model.betas([1.0] * kept + [0.0] * 6)  # zeros beyond say nothing
    with pytest.raises(ValueError, match=f"takes {kept} betas"):
        model.betas(np.ones(kept + 1))


def test_pca_hands(written, model):
    coefficients = np.random.default_rng(1).normal(0, 0.5, (FRAMES, 24))
    path = written(amass("parts", pose_hand=coefficients))
    full = smplx_io.read_parameters(path, model).poses[:, 22:]
    arrays = synthetic_body_model.arrays()
    for side, at in (("l", 0), ("r", 1)):
        expected = coefficients[:, 12 * at : 12 * at + 12] @ arrays["hands_components" + side][:12]
        expected = (expected + arrays["hands_mean" + side]).reshape(FRAMES, 15, 3)
        assert np.allclose(full[:, 15 * at : 15 * at + 15], expected)
    flat = smplx_io.read_parameters(path, model, flat_hand_mean=True).poses[:, 22:]
    assert np.allclose(full - flat, model.mean_hands().reshape(30, 3))
    with pytest.raises(ValueError, match="needs the body model"):
        smplx_io.read(path)


def test_hands_against_the_mean_hand(written, model):
    path = written(amass())
    plain = smplx_io.read_parameters(path, model)
    added = smplx_io.read_parameters(path, model, flat_hand_mean=False)
    assert np.allclose(added.poses[:, 22:] - plain.poses[:, 22:], model.mean_hands().reshape(30, 3))


def test_a_model_without_pca(tmp_path, written):
    model = read_model(synthetic_body_model.write(tmp_path / "m.npz", drop=("hands_meanl",)))
    with pytest.raises(ValueError, match=r"walk_stageii.npz.*m.npz lacks hands_components"):
        smplx_io.read(written(amass("parts", pose_hand=np.zeros((FRAMES, 12)))), model)


# --- errors


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"poses": np.zeros((FRAMES, 72))}, r"'poses' is \(5, 72\); accepted: float of shape \(T, 66\) or \(T, 156\)"),
        ({"poses": np.zeros((FRAMES, 52, 3))}, r"'poses' is \(5, 52, 3\)"),
        ({"poses": np.zeros((0, 156)), "trans": np.zeros((0, 3))}, "'poses' has 0 frames"),
        ({"poses": np.full((FRAMES, 156), np.nan)}, r"'poses' holds NaN.*\(0, 0\)"),
        ({"trans": np.full((FRAMES, 3), np.inf)}, "'trans' holds NaN or infinite"),
        ({"trans": np.zeros((FRAMES - 1, 3))}, "'trans' has T = 4 where the arrays before it have 5"),
        ({"trans": np.zeros((FRAMES, 2))}, r"'trans' is \(5, 2\); accepted: float of shape \(T, 3\)"),
        ({"poses": np.zeros((FRAMES, 156), dtype=object)}, "'poses' holds Python objects.*accepted: float"),
        ({"gender": np.array(None, dtype=object)}, "'gender' holds Python objects"),
        ({"poses": np.zeros((FRAMES, 156), complex)}, "'poses' has type '<c16'"),
        ({"poses": np.zeros((FRAMES, 156), int)}, "'poses' has type '<i8'; accepted: float"),
        ({"gender": np.array("other")}, "'gender' says 'other'; accepted: neutral, male, female"),
        ({"betas": np.zeros(301)}, "'betas' has 301 numbers; accepted: at most 300"),
        ({"betas": np.zeros((3, 10))}, r"'betas' is \(3, 10\)"),
        ({"mocap_framerate": np.array(0.0)}, "between 1 and 1000"),
        ({"mocap_framerate": np.array(np.nan)}, "'mocap_framerate' holds NaN"),
        ({"mocap_framerate": np.array("fast")}, "'mocap_framerate' has type"),
        ({"poses": np.full((FRAMES, 156), 1e200)}, "NaN or infinite"),
    ],
)
def test_errors_name_file_and_array(changes, says, written):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the overflow of 1e200
        with pytest.raises(ArraysError, match=says) as error:
            smplx_io.read(written(amass(**changes)))
    assert str(error.value).startswith("walk_stageii.npz: ") and isinstance(error.value, ValueError)


@pytest.mark.parametrize(
    "drop, says",
    [(("poses",), "lacks 'poses'"), (("trans",), "lacks the array 'trans'"), (("mocap_framerate",), "frame rate")],
)
def test_missing_arrays(drop, says, written):
    with pytest.raises(ArraysError, match=says):
        smplx_io.read(written(amass(), drop=drop))


@pytest.mark.parametrize("width", [0, 13, 92])
def test_hand_widths(width, written, model):
    with pytest.raises(ArraysError, match="'pose_hand' is .*accepted"):
        smplx_io.read(written(amass("parts", pose_hand=np.zeros((FRAMES, width)))), model)


def test_the_callers_mistakes(written, random_motion, tmp_path):
    path = written(amass())
    for options, says in (
        ({"up": "x"}, "up is 'x'; accepted: z, y, -y"),
        ({"kind": "smpl24"}, "known: smpl22, smplx52"),
    ):
        with pytest.raises(ValueError, match=says):
            smplx_io.read(path, **options)
    motion = random_motion(frames=2)
    for options, says in (
        ({"layout": "smpl"}, "accepted: smplx, smplh, body"),
        ({"gender": "?"}, "accepted: neutral"),
        ({"betas": [np.nan]}, "finite"),
    ):
        with pytest.raises(ValueError, match=says):
            smplx_io.write(tmp_path / "o.npz", motion, **options)
    other = Motion(
        type(motion.skeleton)("other", ("a",), (-1,), np.zeros((1, 3))), np.zeros((1, 3)), np.ones((1, 1, 4))
    )
    with pytest.raises(ValueError, match="retarget first"):
        smplx_io.write(tmp_path / "o.npz", other)
    assert not (tmp_path / "o.npz").exists()
    with pytest.raises(OSError):
        smplx_io.write(tmp_path / "no" / "such.npz", motion)


def test_other_files(tmp_path, written):
    for content in (b"", b"hello", b"PK\x03\x04" + b"x" * 50, written(amass()).read_bytes()[:-300]):
        path = tmp_path / "bad.npz"
        path.write_bytes(content)
        with pytest.raises(ArraysError, match="bad.npz"):
            smplx_io.read(path)
    for path in (tmp_path / "none.npz", tmp_path):
        with pytest.raises(ArraysError, match="cannot be opened"):
            smplx_io.read(path)


@pytest.mark.parametrize(
    "shape, says",
    [((10**12, 156), "frames; read are 1 to"), ((150_000, 156), "more than"), ((10**5, 156), "cut short"),
     ((-1, 156), "damaged header")],
)  # fmt: skip
def test_a_header_that_promises_too_much_is_refused_before_memory_is_spent(shape, says, written):
    path = written(amass(), drop=("poses",))
    header = repr({"descr": "<f8", "fortran_order": False, "shape": shape}).encode()
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 24
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("poses.npy", data)
    with pytest.raises(ArraysError, match=says):
        smplx_io.read(path)


def test_limits(written):
    path = written(amass())
    for limits in (Limits(frames=4), Limits(values=50), Limits(file_bytes=100)):
        with pytest.raises(ArraysError):
            smplx_io.read(path, limits=limits)


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"drop": ("shapedirs", "weights")}, "lacks shapedirs, weights"),
        ({"kintree_table": np.zeros((2, 55), int)}, "describes 55 joints"),
        ({"v_template": np.zeros((7, 3))}, "'shapedirs' has V = 220 where"),
        ({"v_template": np.array({"a": 1}, dtype=object)}, "'v_template' holds Python objects"),
        ({"f": np.full((1, 3), 220, np.uint32)}, "'f' names vertices outside the 220"),
        ({"posedirs": np.zeros((220, 3, 9))}, "'posedirs' has 9 corrections; 55 joints have 486"),
    ],
)
def test_model_errors(changes, says, tmp_path):
    path = synthetic_body_model.write(tmp_path / "m.npz", **changes)
    with pytest.raises(ArraysError, match=says):
        read_model(path, mesh=True)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning", "ignore::SyntaxWarning")
def test_damaged_files_never_raise_anything_else(written, tmp_path, data):
    whole = written(amass(data.draw(st.sampled_from(["smplh", "smplx", "parts"]))))
    stored = io.BytesIO()
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(stored, "w") as new:
        for name in old.namelist():
            content = bytearray(old.read(name))
            if data.draw(st.integers(0, 4)) == 0:
                at = data.draw(st.integers(0, min(len(content), 200)))
                content[at : at + data.draw(st.integers(0, 10))] = data.draw(st.binary(max_size=8))
            new.writestr(name, bytes(content))
    content = bytearray(stored.getvalue())
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 10))] = data.draw(st.binary(max_size=8))
    other = tmp_path / "damaged.npz"
    other.write_bytes(bytes(content))
    try:
        motion = smplx_io.read(other)
    except ArraysError as reason:
        assert "damaged.npz" in str(reason)
        return
    assert np.isfinite(motion.root).all() and np.isfinite(motion.rotations).all()
