"""AMASS on miniatures of its own files: SMPL-H and SMPL-X, with body models and without."""

import pickle

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.body_model import model_path, read_model
from backend.motion.floor import foot_heights, on_floor
from backend.motion.skeleton import canonical
from tests import synthetic_body_model
from training.data.sources.amass import Amass
from training.data.sources.naming import words

FRAMES = 24
UPRIGHT = np.array([np.pi / 2, 0.0, 0.0])  # SMPL stands along Y, AMASS's world along Z


@pytest.fixture(scope="module")
def body_models(tmp_path_factory):
    return synthetic_body_model.write_folder(tmp_path_factory.mktemp("body_models"))


def poses(joints, hands=True, seed=0):
    """Standing with a little movement in every joint, (T, 3 * joints)."""
    rng = np.random.default_rng(seed)
    t = np.arange(FRAMES)[:, None, None] / 30
    vectors = 0.2 * np.sin(t * rng.uniform(1, 3, (joints, 3)) + rng.uniform(0, 6, (joints, 3)))
    vectors[:, 0] = UPRIGHT
    if not hands:
        vectors[:, -30:] = vectors[0, -30:]
    return vectors.reshape(FRAMES, -1)


def smplh(hands=True, **changes):
    """The arrays of a ``_poses.npz``."""
    trans = np.stack([0.01 * np.arange(FRAMES), np.zeros(FRAMES), np.full(FRAMES, 1.3)], axis=1)
    found = {
        "trans": trans, "gender": np.array("female"), "mocap_framerate": np.array(120.0),
        "betas": np.linspace(-1, 1, 16), "dmpls": np.zeros((FRAMES, 8)), "poses": poses(52, hands),
        "marker_data": np.zeros((FRAMES, 41, 3)), "marker_labels": np.array(["LFHD"]),
    }  # fmt: skip
    return found | changes


def smplx(hands=True, **changes):
    """The arrays of a ``_stageii.npz``, pickles among them."""
    whole = poses(55, hands, seed=1)
    cuts = {"root_orient": (0, 3), "pose_body": (3, 66), "pose_jaw": (66, 69), "pose_eye": (69, 75)}
    cuts["pose_hand"] = (75, 165)
    found = smplh() | {
        "gender": np.array("male"), "surface_model_type": np.array("smplx"), "mocap_frame_rate": np.array(59.94),
        "mocap_time_length": np.array(0.4), "num_betas": np.array(16), "poses": whole,
        "latent_labels": np.array(["a", None], dtype=object),
        **{key: whole[:, a:b] for key, (a, b) in cuts.items()},
    }  # fmt: skip
    del found["mocap_framerate"], found["dmpls"]
    return found | changes


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "amass"


def put(folder, name, arrays, drop=()):
    path = folder / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{key: value for key, value in arrays.items() if key not in drop})
    return path


def only_take(source):
    (item,) = source.items()
    (take,) = source.read(item)
    return take


# --- what is listed


def test_motions_are_listed_by_name_and_shapes_are_not(folder):
    for name in ("KIT/3/walk_poses", "ACCAD/Male2General_c3d/A1- Stand_poses", "ACCAD/Male2General_c3d/shape",
                 "SOMA/subject1/neutral_stagei", "SOMA/subject1/male_shape", "SOMA/subject1/jump_stageii"):  # fmt: skip
        put(folder, name, smplh())
    items = list(Amass(folder).items())
    assert [item.id for item in items] == [
        "ACCAD/Male2General_c3d/A1- Stand_poses", "KIT/3/walk_poses", "SOMA/subject1/jump_stageii",
    ]  # fmt: skip
    assert items[1].paths == (folder / "KIT/3/walk_poses.npz",)


def test_of_one_recording_in_both_forms_the_newer_is_taken(folder):
    for name in ("KIT/3/walk_poses", "KIT/3/walk_stageii", "KIT/3/run_poses"):
        put(folder, name, smplh())
    assert [item.id for item in Amass(folder).items()] == ["KIT/3/run_poses", "KIT/3/walk_stageii"]


def test_folders_that_are_none(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="amass is not a folder"):
        list(Amass(folder).items())
    put(folder, "KIT/3/shape", smplh())
    with pytest.raises(ValueError, match=r"holds no <dataset>/<subject>/<name>_poses.npz or <name>_stageii.npz"):
        list(Amass(folder).items())
    with pytest.raises(FileNotFoundError, match="none is not a folder"):
        list(Amass(folder, tmp_path / "none").items())


# --- what a take holds


@pytest.mark.parametrize(
    "name, arrays, fps", [("kick_high_left02_poses", smplh, 120), ("kick_high_left02_stageii", smplx, 59.94)]
)
def test_a_take_without_body_models(name, arrays, fps, folder):
    put(folder, f"KIT/3/{name}", arrays())
    take = only_take(Amass(folder))
    assert (take.id, take.source, take.subject, take.label) == (f"KIT/3/{name}", "amass", "KIT/3", "kick high left")
    assert take.bone_map is None and take.captions == () and take.split is None
    assert take.motion.skeleton.kind == "smplx52" and abs(float(take.motion.fps) - fps) < 1e-3
    assert np.array_equal(take.motion.skeleton.offsets, canonical("smplx52").offsets)
    # (x, y, z) -> (x, z, -y): it stands and its path lies on the ground
    assert rot.angle_between(take.motion.rotations[:, 0], rot.IDENTITY).max() < 1e-7
    assert np.allclose(
        take.motion.root, np.stack([0.01 * np.arange(FRAMES), np.full(FRAMES, 1.3), np.zeros(FRAMES)], 1)
    )


def test_without_body_models_the_floor_is_found_all_the_same(folder):
    put(folder, "KIT/3/walk_poses", smplh())
    placed = on_floor(only_take(Amass(folder)).motion)
    assert abs(np.percentile(foot_heights(placed).min(axis=1), 5)) < 1e-9
    assert abs(placed.root[:, 1].mean() - canonical().hip_height) < 0.05


@pytest.mark.parametrize("gender", ["neutral", "male", "female"])
@pytest.mark.parametrize("name, arrays, kind", [("a_poses", smplh, "smplh"), ("a_stageii", smplx, "smplx")])
def test_with_body_models_the_joints_are_those_of_that_body(name, arrays, kind, gender, folder, body_models):
    found = arrays(gender=np.array(gender))
    put(folder, f"KIT/3/{name}", found)
    take = only_take(Amass(folder, body_models))
    model = read_model(model_path(body_models, kind, gender))
    assert np.array_equal(take.motion.skeleton.offsets, model.skeleton("smplx52", found["betas"]).offsets)
    pelvis = model.joints(found["betas"])[0] + found["trans"]
    expected = np.stack([pelvis[:, 0], pelvis[:, 2], -pelvis[:, 1]], axis=1)
    assert np.abs(kinematics.joint_positions(take.motion)[:, 0] - expected).max() < 1e-9


@pytest.mark.parametrize("arrays", [smplh, smplx])
def test_hands_that_never_move_were_not_recorded(arrays, folder):
    put(folder, "KIT/3/walk_poses", arrays(hands=False))
    assert only_take(Amass(folder)).motion.skeleton.kind == "smpl22"


def test_captions_lie_in_a_tree_of_their_own(folder, tmp_path):
    put(folder, "KIT/3/walk_poses", smplh())
    put(folder, "KIT/4/run_poses", smplh())
    text = tmp_path / "texts/KIT/3/walk_poses.txt"
    text.parent.mkdir(parents=True)
    text.write_text("Somebody walks.\na man walks.#a/DET man/NOUN walk/VERB#0.0#0.5\n", encoding="utf-8")
    source = Amass(folder, captions=tmp_path / "texts")
    takes = [take for item in source.items() for take in source.read(item)]
    assert [c.caption for c in takes[0].captions] == ["Somebody walks.", "a man walks."]
    assert takes[0].captions[1].end == 0.5 and takes[1].captions == ()


@pytest.mark.parametrize(
    "place, subject", [("KIT/3", "KIT/3"), ("amass_data/KIT/3", "KIT/3"), ("KIT", "KIT"), (".", "amass")]
)
def test_subjects(place, subject, folder):
    put(folder, f"{place}/walk_poses", smplh())
    assert only_take(Amass(folder)).subject == subject


@pytest.mark.parametrize(
    "name, said",
    [
        ("0005_2FeetJump001", "feet jump"),
        ("A1 - Stand", "stand"),
        ("Walk B10 - Walk turn left 45", "walk walk turn left"),
        ("treadmill_norm", "treadmill norm"),
        ("01_01", ""),
    ],
)
def test_names_in_words(name, said):
    assert words(name) == said


# --- what goes wrong


@pytest.mark.parametrize(
    "changes, drop, says",
    [
        ({"poses": np.zeros((FRAMES, 156), dtype=object)}, (), "'poses' holds Python objects"),
        ({"poses": np.full((FRAMES, 156), np.nan)}, (), "'poses' holds NaN"),
        ({"poses": np.zeros((0, 156)), "trans": np.zeros((0, 3))}, (), "'poses' has 0 frames"),
        ({"poses": np.zeros((FRAMES, 72))}, (), r"'poses' is \(24, 72\); accepted"),
        ({}, ("mocap_framerate",), "lacks the frame rate"),
        ({}, ("poses",), "lacks 'poses'"),
        ({"gender": np.array("unknown")}, (), "'gender' says 'unknown'"),
    ],
)
def test_damaged_files_are_named_with_the_reason(changes, drop, says, folder):
    put(folder, "KIT/3/walk_poses", smplh(**changes), drop)
    with pytest.raises(ValueError, match=rf"walk_poses.npz: .*{says}"):
        only_take(Amass(folder))


def test_a_truncated_file(folder):
    path = put(folder, "KIT/3/walk_poses", smplh())
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match="walk_poses.npz: cannot be read as an NPZ"):
        only_take(Amass(folder))


def test_a_body_model_that_is_missing_is_named(folder, tmp_path):
    put(folder, "KIT/3/walk_poses", smplh())
    (tmp_path / "models").mkdir()
    with pytest.raises(FileNotFoundError, match="no female smplh model; looked for smplh/female/model.npz"):
        only_take(Amass(folder, tmp_path / "models"))


def test_a_source_stays_small_for_the_processes_that_it_is_sent_to(folder, body_models):
    put(folder, "KIT/3/walk_poses", smplh())
    source = Amass(folder, body_models)
    only_take(source)
    assert len(pickle.dumps(source)) < 1000
