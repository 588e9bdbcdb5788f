"""Motion-X on miniatures of its releases: parameters, published rows, texts in all their places, any axis up."""

import pickle

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.body_model import model_path, read_model
from backend.motion.features import motionx623
from backend.motion.skeleton import canonical
from tests import synthetic_body_model
from training.data.sources.motionx import MotionX, upright_axis
from training.data.sources.take import Skipped

FRAMES = 20
CLIP = "idea400/subset_0003/Jump_Rope_And_Wave_clip_12"
FIRST = ("motion_data/smplx_322", "texts/semantic_labels")
PLUS = ("motion/motion_generation/smplx322", "text/semantic_label")
# a standing figure's root rotation, and where (x, y, z) of our world is in the file
AXES = {
    "y": (np.zeros(3), lambda p: p),
    "z": (np.array([np.pi / 2, 0, 0]), lambda p: np.stack([p[:, 0], -p[:, 2], p[:, 1]], axis=1)),
    "-y": (np.array([np.pi, 0, 0]), lambda p: p * [1, -1, -1]),
}


def numbers(up="y", hands=True, seed=0):
    """(T, 322): a figure that stands, moves every joint a little and goes along our +X at one metre a second."""
    rng = np.random.default_rng(seed)
    t = np.arange(FRAMES)[:, None] / 30
    out = 0.2 * np.sin(t * rng.uniform(1, 3, 322) + rng.uniform(0, 6, 322))
    orient, placed = AXES[up]
    out[:, :3] = orient
    if not hands:
        out[:, 66:156] = 0.0
    out[:, 309:312] = placed(np.concatenate([t, np.full_like(t, 1.2), 0.0 * t], axis=1))
    out[:, 312:] = np.linspace(-1, 1, 10)
    return out.astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "datasets"


@pytest.fixture
def put(folder):
    """Function (clip, values, text, places) that writes a motion and its text, None for none of it."""

    def write(clip=CLIP, values=None, text="a person jumps rope.\n", places=FIRST):
        motions, texts = places
        path = folder / motions / f"{clip}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, numbers() if values is None else values)
        if text is not None:
            said = folder / texts / f"{clip}.txt"
            said.parent.mkdir(parents=True, exist_ok=True)
            said.write_text(text, encoding="utf-8")
        return path

    return write


def takes(source):
    return [take for item in source.items() for take in source.read(item)]


# --- what a take holds


@pytest.mark.parametrize("places", [FIRST, PLUS])
@pytest.mark.parametrize("below", ["", "datasets"])
def test_a_take(places, below, put, folder, tmp_path):
    path = put(places=places, text="a person jumps rope.\nThe person waves at once.\n")
    source = MotionX(folder if below == "" else tmp_path)
    (item,) = source.items()
    assert item.id == CLIP and item.paths == (path, folder / places[1] / f"{CLIP}.txt")
    (take,) = source.read(item)
    assert (take.source, take.subject, take.label) == ("motionx", "idea400", "jump rope and wave")
    assert [c.caption for c in take.captions] == ["a person jumps rope.", "The person waves at once."]
    assert take.bone_map is None and take.rows is None and take.split is None and take.motion.fps == 30
    assert np.array_equal(take.motion.skeleton.offsets, canonical("smplx52").offsets)
    expected = numbers().astype(float)
    assert np.allclose(take.motion.root, expected[:, 309:312])
    assert rot.angle_between(take.motion.rotations, rot.exp(expected[:, :156].reshape(FRAMES, 52, 3))).max() < 1e-6


def test_hands_that_never_move_were_not_recorded(put, folder):
    put(values=numbers(hands=False))
    assert takes(MotionX(folder))[0].motion.skeleton.kind == "smpl22"


def test_with_body_models_the_joints_are_those_of_the_neutral_body(put, folder, tmp_path):
    put()
    models = synthetic_body_model.write_folder(tmp_path / "body_models")
    (take,) = takes(MotionX(folder, models))
    model = read_model(model_path(models, "smplx", "neutral"))
    betas = numbers()[0, 312:].astype(float)
    assert np.allclose(take.motion.skeleton.offsets, model.skeleton("smplx52", betas).offsets, atol=1e-9)
    assert np.allclose(take.motion.root, numbers()[:, 309:312] + model.joints(betas)[0], atol=1e-6)


# --- up


@pytest.mark.parametrize("up", AXES)
def test_which_axis_points_up_is_measured_in_every_subset(up, put, folder):
    put("dance/subset_0000/Tango", numbers(up))
    put("dance/subset_0000/Lying_Down", numbers("z" if up == "y" else "y"))
    put("dance/subset_0000/Waltz", numbers(up, seed=1))
    put("music/subset_0000/Play_Flute", numbers("y"))
    found = {take.id: take.motion for take in takes(MotionX(folder))}
    for clip in ("dance/subset_0000/Tango", "dance/subset_0000/Waltz", "music/subset_0000/Play_Flute"):
        assert rot.angle_between(found[clip].rotations[:, 0], rot.IDENTITY).max() < 1e-6
        assert np.allclose(found[clip].root[-1], [(FRAMES - 1) / 30, 1.2, 0.0], atol=1e-6)


def test_the_axis_can_be_said(put, folder):
    put(values=numbers("z"))
    (take,) = takes(MotionX(folder, up="y"))
    assert np.allclose(take.motion.root, numbers("z")[:, 309:312])
    with pytest.raises(ValueError, match="up is 'x'; accepted: z, y, -y, or None to measure it"):
        list(MotionX(folder, up="x").items())


@pytest.mark.parametrize("up", AXES)
def test_upright_axis(up):
    rng = np.random.default_rng(0)
    lean, yaw = rot.exp(rng.normal(0, 0.3, (200, 3))), rot.about_y(rng.uniform(0, 6, 200))
    standing = rot.multiply(rot.exp(AXES[up][0]), rot.multiply(yaw, lean))
    lying = rot.multiply(standing[:80], rot.exp(np.array([np.pi / 2, 0, 0])))
    assert upright_axis(rot.log(np.concatenate([standing, lying]))) == up
    assert upright_axis(np.zeros((0, 3))) == "y"


# --- published rows


@pytest.mark.parametrize(
    "place", ["motion_data/new_joint_vecs", "new_joint_vecs", "motion_data/vectors_623", "vectors_623"]
)
def test_published_rows(place, put, folder):
    rows = np.random.default_rng(0).normal(size=(FRAMES, 623)).astype(np.float32)
    put(values=rows, places=(place, FIRST[1]))
    (take,) = takes(MotionX(folder))
    assert take.motion is None and take.rows.codec == motionx623.NAME
    assert take.rows.values.dtype == np.float32 and np.array_equal(take.rows.values, rows)
    assert take.captions[0].caption == "a person jumps rope." and take.label == "jump rope and wave"


def test_parameters_are_preferred_to_rows_of_the_same_clip(put, folder):
    put()
    put(values=np.zeros((FRAMES, 623), np.float32), places=("motion_data/new_joint_vecs", FIRST[1]))
    put("kungfu/Bow", np.zeros((FRAMES, 623), np.float32), places=("motion_data/new_joint_vecs", FIRST[1]))
    assert [(take.id, take.rows is None) for take in takes(MotionX(folder))] == [(CLIP, True), ("kungfu/Bow", False)]


# --- texts, splits, names


@pytest.mark.parametrize("place", ["semantic_labels", "motionx_seq_text", "motionx_seq_text_v1.1"])
def test_texts_lie_in_many_places(place, put, folder):
    put(places=(FIRST[0], place))
    assert takes(MotionX(folder))[0].captions[0].caption == "a person jumps rope."


def test_corrected_texts_come_first(put, folder):
    put()
    put(text="a person skips with a rope.", places=(FIRST[0], "motionx_seq_text_v1.1"))
    assert [c.caption for c in takes(MotionX(folder))[0].captions] == ["a person skips with a rope."]


def test_archives_that_unpack_below_paths_of_their_own(put, folder):
    put("haa500/data/work/motion/haa500/Bowling_3", text=None, places=PLUS)
    put("haa500/data/work/motion/haa500/Twice", text=None, places=PLUS)
    texts = folder / PLUS[1] / "haa500/export/text/haa500"
    texts.mkdir(parents=True)
    (texts / "Bowling_3.txt").write_text("a man bowls.", encoding="utf-8")
    for name in ("a", "b"):
        (texts / name).mkdir()
        (texts / name / "Twice.txt").write_text("which one?", encoding="utf-8")
    bowling, twice = takes(MotionX(folder))
    assert bowling.captions[0].caption == "a man bowls." and bowling.label == "bowling"
    assert isinstance(twice, Skipped) and twice.reason == "has no text"


def test_a_clip_without_a_text_is_skipped_only_where_others_have_one(put, folder):
    path = put("kungfu/Bow", text=None)
    assert takes(MotionX(folder))[0].captions == ()
    put()
    (skipped,) = [take for take in takes(MotionX(folder)) if isinstance(take, Skipped)]
    assert (skipped.id, skipped.path, skipped.reason) == ("kungfu/Bow", path, "has no text")


def test_lines_of_humanml3d_and_mirrored_twins(put, folder):
    line = "a man sits down.#a/DET man/NOUN sit/VERB down/ADP#1.0#2.5\n"
    put("humanml/004822", text=line)
    put("humanml/M004822", text=line)
    found = takes(MotionX(folder))
    assert [(t.subject, t.label) for t in found] == [("humanml/004822", "")] * 2
    assert found[0].captions[0].end == 2.5 and found[0].captions[0].words[2] == ("sit", "VERB")


def test_marks_of_the_prompt_are_no_words(put, folder):
    put(text="##Input: ##Ouput: The person squats.")
    assert takes(MotionX(folder))[0].captions[0].caption == "The person squats."


@pytest.mark.parametrize(
    "clip, subject, label",
    [
        ("GRAB/s9/stamp_pass_1", "GRAB/s9", "stamp pass"),
        (
            "EgoBody/recording_20210907_S02_S01_01/body_idx_0/000",
            "EgoBody/recording_20210907_S02_S01_01/body_idx_0",
            "",
        ),
        ("animation/Ways_To_Catch_360_clip1", "animation", "ways to catch"),
        ("000001", "000001", ""),
        ("Walk", "motionx", "walk"),
    ],
)
def test_names(clip, subject, label, put, folder):
    put(clip)
    (take,) = takes(MotionX(folder))
    assert (take.id, take.subject, take.label) == (clip, subject, label)


@pytest.mark.parametrize("place", ["", "split"])
def test_splits(place, put, folder):
    for clip in ("a/One", "a/Two", "a/Three", "a/Four"):
        put(clip)
    (folder / place).mkdir(exist_ok=True)
    for split, clips in (("train", "a/One\na/Nowhere\n"), ("val", "a/Two\r\n"), ("test", "a/Three")):
        (folder / place / f"{split}.txt").write_text(clips, encoding="utf-8")
    found = {take.id: take.split for take in takes(MotionX(folder))}
    assert found == {"a/One": "train", "a/Two": "val", "a/Three": "test", "a/Four": None}


# --- what goes wrong


@pytest.mark.parametrize(
    "values, says",
    [
        (np.zeros((5, 263), np.float32), r"the array is \(5, 263\); accepted: float of shape \(T, 322\) or \(T, 623\)"),
        (np.zeros((0, 322), np.float32), "has 0 frames"),
        (np.full((5, 322), np.nan, np.float32), r"holds NaN or infinite numbers, the first at index \(0, 0\)"),
        (np.array([{"pose": 1}], dtype=object), "holds Python objects"),
        (np.zeros((5, 322), np.int64), "has type '<i8'"),
    ],
)
def test_damaged_files_are_named_with_the_reason(values, says, put, folder):
    put(values=values)
    with pytest.raises(ValueError, match=rf"Jump_Rope_And_Wave_clip_12.npy: .*{says}"):
        takes(MotionX(folder))


def test_one_damaged_file_costs_no_other(put, folder):
    for name in ("A", "B", "C"):
        put(f"dance/{name}", numbers("z"))
    broken = put("dance/B", numbers("z"))
    broken.write_bytes(broken.read_bytes()[:400])
    source = MotionX(folder)
    a, b, c = source.items()
    for item in (a, c):
        (take,) = source.read(item)
        assert rot.angle_between(take.motion.rotations[:, 0], rot.IDENTITY).max() < 1e-6
    with pytest.raises(ValueError, match="B.npy: the array is cut short"):
        list(source.read(b))


def test_an_empty_text(put, folder):
    put(text="\n")
    with pytest.raises(ValueError, match="Jump_Rope_And_Wave_clip_12.txt holds no caption"):
        takes(MotionX(folder))


def test_aist_as_published_is_not_in_metres(put, folder):
    values = numbers()
    values[:, 309:312] *= 94
    put("aist/subset_0000/Dance_Krump_Stomp_clip_3", values)
    with pytest.raises(ValueError, match=r"clip_3.npy: moves at 89 m/s throughout: not in metres.*aist.py"):
        takes(MotionX(folder))


def test_folders_that_are_none(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="datasets is not a folder"):
        list(MotionX(folder).items())
    (folder / FIRST[0]).mkdir(parents=True)
    with pytest.raises(ValueError, match="holds no motion_data/smplx_322/.../<clip>.npy nor .*, unpacked"):
        list(MotionX(folder).items())
    with pytest.raises(FileNotFoundError, match="none is not a folder"):
        list(MotionX(folder, tmp_path / "none").items())


def test_a_source_stays_small_for_the_processes_that_it_is_sent_to(put, folder):
    put()
    source = MotionX(folder)
    takes(source)
    assert len(pickle.dumps(source)) < 1000
