"""HumanML3D as it is published, and made anew from AMASS."""

import logging
import pickle
import re
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from backend.motion import smplx_io
from backend.motion.features import humanml263
from backend.motion.features.codec import codec
from backend.motion.motion import Motion
from tests import synthetic_body_model
from tests.training.data.sources.made_guo_folder import TEXT, read_all, rows, write
from training.data.sources.humanml3d import HumanML3D
from training.data.sources.humanml3d_index import read_index
from training.data.sources.take import Skipped, Take

SAMPLE = Path(__file__).resolve().parents[5] / "shared" / "data" / "humanml3d"
INDEX = "source_path,start_frame,end_frame,new_name\n"


def published(folder, **changes):
    texts = {"000001": TEXT, "M000001": TEXT, "000002": TEXT + "then waves#then/ADV wave/VERB#0.5#1.5\n"}
    vectors = {clip: rows(seed=seed) for seed, clip in enumerate(texts)}
    lists = {"all": list(texts), "train": ["000001", "M000001"], "test": ["000002"], "train_val": ["000001", "M000001"]}
    return write(folder, **({"vectors": vectors, "texts": texts, "lists": lists} | changes))


def skipped(folder, clip="000001"):
    """The reason why a clip of ``folder`` is left out."""
    found = read_all(HumanML3D(folder))[clip]
    assert isinstance(found, Skipped) and found.id == clip
    return found.reason


# the published folder


def test_a_published_folder_gives_its_rows_to_the_bit_with_captions_and_splits(tmp_path):
    source = HumanML3D(published(tmp_path))
    found = read_all(source)
    assert list(found) == ["000001", "M000001", "000002"]
    take = found["000002"]
    assert (take.source, take.subject, take.label, take.split) == ("humanml3d", "humanml3d", "", "test")
    assert take.rows.codec == "humanml263" and take.rows.values.dtype == np.float32
    assert np.array_equal(take.rows.values, rows(seed=2))
    assert [c.caption for c in take.captions] == ["a person walks forward.", "then waves"]
    assert take.captions[0].words[1] == ("person", "NOUN") and take.captions[1].frames(20, 40) == slice(10, 30)
    assert len(codec(take.rows.codec).decode(take.rows.values)) == 40


def test_items_name_their_files_and_sources_travel_to_other_processes(tmp_path):
    source = HumanML3D(published(tmp_path))
    item = next(iter(source.items()))
    assert item.paths == (tmp_path / "new_joint_vecs" / "000001.npy", tmp_path / "texts" / "000001.txt")
    again = pickle.loads(pickle.dumps(source))
    assert again == source and set(asdict(source)) == {"folder", "amass", "body_models"}
    assert np.array_equal(next(again.read(item)).rows.values, next(source.read(item)).rows.values)


def test_joints_are_described_where_there_are_no_rows(tmp_path):
    joints = humanml263.decode_positions(rows(60)).astype(np.float32)
    write(tmp_path, joints={"000001": joints}, texts={"000001": TEXT})
    take = read_all(HumanML3D(tmp_path))["000001"]
    assert take.rows.values.shape == (59, 263)  # the last position has no next one
    positions = humanml263.decode_positions(take.rows.values)
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=-1)
    assert np.allclose(steps, np.linalg.norm(np.diff(joints[:59], axis=0), axis=-1), atol=1e-5)


def test_texts_are_read_out_of_the_published_archive(tmp_path):
    published(tmp_path, texts={}, zipped={"000001": TEXT, "000002": TEXT})
    found = read_all(HumanML3D(tmp_path))
    assert found["000001"].captions[0].caption == "a person walks forward."
    assert "texts.zip/M000001.txt is not there" in found["M000001"].reason


def test_without_lists_the_files_count_and_without_all_the_splits(tmp_path):
    published(tmp_path, lists={"train": ["000002"], "val": ["000001"]})
    assert [i.id for i in HumanML3D(tmp_path).items()] == ["000002", "000001"]
    for name in ("train", "val"):
        (tmp_path / f"{name}.txt").unlink()
    assert [i.id for i in HumanML3D(tmp_path).items()] == ["000001", "000002", "M000001"]


def test_the_performer_comes_from_the_index(tmp_path):
    (published(tmp_path) / "index.csv").write_text(
        INDEX + "./pose_data/KIT/3/kick_high_left02_poses.npy,0,117,000001.npy\n"
        "./pose_data/humanact12/humanact12/P11G01R02F1812T1847A0402.npy,0,-1,000002.npy\n"
    )
    found = read_all(HumanML3D(tmp_path))
    assert [t.subject for t in found.values()] == ["KIT/3", "KIT/3", "humanact12/P11"]


# what is wrong with it


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((40, 262), np.float32), r"\(40, 262\); accepted: float of shape \(T, 263\)"),
        (np.zeros((0, 263), np.float32), "0 frames"),
        (np.zeros((40, 263), np.int32), "accepted: float"),
        (np.full((40, 263), np.nan, np.float32), r"000001.npy: the array holds NaN or infinite numbers.*\(0, 0\)"),
        (np.full((40, 263), 1e30), "numbers over 1e\\+09"),
    ],
)
def test_rows_that_are_none_are_skipped_with_file_and_reason(tmp_path, array, reason):
    published(tmp_path, vectors={"000001": array})
    assert re.search(reason, skipped(tmp_path))


def test_a_pickle_is_never_loaded(tmp_path):
    published(tmp_path)
    np.save(tmp_path / "new_joint_vecs" / "000001.npy", np.array([_Bomb()], dtype=object), allow_pickle=True)
    assert "holds Python objects (a pickle), never loaded" in skipped(tmp_path)


class _Bomb:
    def __reduce__(self):
        return pytest.fail, ("a pickle was loaded",)


@pytest.mark.parametrize("kept", [0, 5, 60, 128, 2000])
def test_files_that_are_cut_short_are_skipped(tmp_path, kept):
    path = published(tmp_path) / "new_joint_vecs" / "000001.npy"
    path.write_bytes(path.read_bytes()[:kept])
    assert "000001.npy: the array" in skipped(tmp_path)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [((99_999_999, 263), "99,999,999 frames"), ((190_000, 263), "more than 20,000,000"), ((70_000, 263), "cut short")],
)
def test_a_header_that_promises_too_much_is_refused(tmp_path, shape, reason):
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    with open(published(tmp_path) / "new_joint_vecs" / "000001.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.write(bytes(1000))
    assert reason in skipped(tmp_path)


def test_clips_without_motion_or_sentence_are_skipped(tmp_path):
    published(tmp_path)
    (tmp_path / "new_joint_vecs" / "000001.npy").unlink()
    (tmp_path / "texts" / "000002.txt").unlink()
    assert "000001.npy: is not there, and no new_joints/000001.npy either" in skipped(tmp_path)
    assert "000002.txt is not there: the clip has no sentence" in skipped(tmp_path, "000002")
    for text, reason in (("\n \n", "holds no caption"), ("no hash\n", "line 1: expected caption#words#start#end")):
        (tmp_path / "texts" / "000002.txt").write_text(text)
        assert reason in skipped(tmp_path, "000002")


def test_one_bad_line_costs_itself_alone(tmp_path, caplog):
    published(tmp_path)
    (tmp_path / "texts" / "000001.txt").write_text(TEXT + "a person#a/DET person/NOUN#5.0#2.0\n")
    assert len(read_all(HumanML3D(tmp_path))["000001"].captions) == 1
    assert "000001.txt, line 2: a span must begin" in caplog.text


@pytest.mark.parametrize("line", ["../../etc/passwd", "a b", "x" * 65, "0000\\01"])
def test_lists_hold_ids_and_no_paths(tmp_path, line):
    published(tmp_path, lists={"all": ["000001", line]})
    with pytest.raises(ValueError, match="all.txt, line 2: .* is no ID"):
        list(HumanML3D(tmp_path).items())


def test_a_clip_in_two_splits_is_an_error(tmp_path):
    published(tmp_path, lists={"all": ["000001"], "train": ["000001"], "test": ["000001"]})
    with pytest.raises(ValueError, match="000001 is in train.txt too"):
        list(HumanML3D(tmp_path).items())


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        list(HumanML3D(tmp_path / "missing").items())
    with pytest.raises(ValueError, match="holds neither new_joint_vecs nor new_joints: is it HumanML3D?"):
        list(HumanML3D(tmp_path).items())


@pytest.mark.parametrize(
    "line",
    [
        "./pose_data/KIT/3/x_poses.npy,0,117",
        "./pose_data/KIT/3/x_poses.npy,zero,117,000001.npy",
        "./pose_data/KIT/3/x_poses.npy,-5,-1,000001.npy",
        "./pose_data/KIT/3/x_poses.npy,0,-2,000001.npy",
        "./pose_data/KIT/3/x_poses.npy,0,1_0,000001.npy",
        "./pose_data/KIT/3/x_poses.npy,\u0661,10,000001.npy",
        "./pose_data/KIT/../../../x_poses.npy,0,117,000001.npy",
        "/etc/KIT/x_poses.npy,0,117,000001.npy",
        "./pose_data//etc/KIT/x_poses.npy,0,117,000001.npy",
        "./pose_data/C:/KIT/x_poses.npy,0,117,000001.npy",
        "C:KIT/x_poses.npy,0,117,000001.npy",
        "..\\..\\KIT/x_poses.npy,0,117,000001.npy",
        "./pose_data/KIT/3/x_poses.npy,0,117,../000001.npy",
    ],
)
def test_an_index_that_leads_elsewhere_is_refused(tmp_path, line):
    (tmp_path / "index.csv").write_text(INDEX + line + "\n")
    with pytest.raises(ValueError, match="index.csv, line 2"):
        read_index(tmp_path / "index.csv")


def test_recordings_taken_whole_are_listed_without_an_end(tmp_path):
    (tmp_path / "index.csv").write_text(INDEX + "./pose_data/humanact12/humanact12/P11G01R02.npy,0,-1,000001.npy\n")
    assert read_index(tmp_path / "index.csv")["000001"].performer == "humanact12/P11"


def test_an_archive_that_is_none_is_named(tmp_path):
    published(tmp_path, texts={})
    (tmp_path / "texts.zip").write_bytes(b"PK\3\4 not a ZIP")
    assert "texts.zip: cannot be read as a ZIP of texts" in skipped(tmp_path)


def test_an_archive_that_swells_is_bounded(tmp_path):
    published(tmp_path, texts={})
    with zipfile.ZipFile(tmp_path / "texts.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("texts/000001.txt", b"a" * 2**22)
    assert "is larger than the accepted" in skipped(tmp_path)


# made anew from AMASS


@pytest.fixture(scope="module")
def body_models(tmp_path_factory):
    return synthetic_body_model.write_folder(tmp_path_factory.mktemp("body_models"))


def recording(path, seed=0, frames=600, fps=60.0, **changes):
    """An AMASS file (SMPL-H) of somebody who goes up and down in every joint; returns its arrays."""
    rng = np.random.default_rng(seed)
    t = np.arange(frames)[:, None] / fps
    poses = 0.3 * np.sin(t * rng.uniform(1, 3, 156) + rng.uniform(0, 6, 156))
    poses[:, :3] = [np.pi / 2, 0.0, 0.0] + 0.1 * poses[:, :3]
    arrays = {
        "trans": np.hstack([0.3 * t, -0.2 * t, 1.0 + 0.05 * np.sin(t)]), "gender": np.array("male"),
        "mocap_framerate": np.array(fps), "betas": rng.normal(size=16), "dmpls": np.zeros((frames, 8)), "poses": poses,
    } | changes  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return arrays


def joints_by_the_book(arrays, model_file, step):
    """raw_pose_processing in plain steps: every ``step``-th frame, SMPL-H's joints with ten betas, y and z swapped."""
    model = np.load(model_file, allow_pickle=True)
    rest = model["J_regressor"] @ (model["v_template"] + model["shapedirs"][..., :10] @ arrays["betas"][:10])
    parents = model["kintree_table"][0]
    found = []
    for pose, trans in zip(arrays["poses"][::step].reshape(-1, 52, 3), arrays["trans"][::step]):
        places, turns = [rest[0]], [_matrix(pose[0])]
        for joint in range(1, 22):
            above = int(parents[joint])
            places.append(places[above] + turns[above] @ (rest[joint] - rest[above]))
            turns.append(turns[above] @ _matrix(pose[joint]))
        found.append(np.array(places) + trans)
    return np.array(found) @ np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]])


def _matrix(vector):
    angle = np.linalg.norm(vector)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def repository(folder, *lines):
    """A clone of HumanML3D's repository without any motion: index.csv beside the folder HumanML3D."""
    clips = [line.rsplit(",", 1)[1].removesuffix(".npy") for line in lines]
    both = [clip for c in clips for clip in (c, f"M{c}")]
    write(folder / "HumanML3D", texts=dict.fromkeys(both, TEXT), lists={"all": both, "train": both})
    (folder / "index.csv").write_text(INDEX + "".join(f"{line}\n" for line in lines))
    return folder / "HumanML3D"


def test_clips_are_cut_from_amass_as_the_reference_does(tmp_path, body_models):
    """With its quirks: every third frame of 60, the trim of the data set, Python's slice, x negated, sides swapped."""
    folder = repository(
        tmp_path,
        "./pose_data/KIT/3/kick_poses.npy,5,60,000001.npy",
        "./pose_data/MPI_HDM05/bk/HDM_bk_poses.npy,10,-1,000002.npy",
    )
    kick = recording(tmp_path / "amass" / "KIT" / "3" / "kick_poses.npz", 1)
    hdm = recording(tmp_path / "amass" / "HDM05" / "bk" / "HDM_bk_stageii.npz", 2, gender=np.array("female"))
    found = read_all(HumanML3D(folder, tmp_path / "amass", body_models))
    assert {t.subject for t in found.values()} == {"KIT/3", "MPI_HDM05/bk"}
    male, female = (body_models / "smplh" / gender / "model.npz" for gender in ("male", "female"))
    for clip, positions in (
        ("000001", joints_by_the_book(kick, male, 3)[5:60]),
        ("000002", joints_by_the_book(hdm, female, 3)[60:][10:-1]),
    ):
        positions[..., 0] *= -1
        assert np.abs(found[clip].rows.values - humanml263.encode_positions(positions)).max() < 1e-5
        other = positions.copy()
        other[..., 0] *= -1
        left, right = [1, 4, 7, 10, 13, 16, 18, 20], [2, 5, 8, 11, 14, 17, 19, 21]
        other[:, left + right] = other[:, right + left]
        assert np.abs(found[f"M{clip}"].rows.values - humanml263.encode_positions(other)).max() < 1e-5
        assert found[clip].split == "train" and found[clip].captions


@pytest.mark.parametrize(
    ("changes", "gender", "step"),
    [
        ({"mocap_framerate": np.array(120.0)}, "male", 6),
        ({"mocap_framerate": np.array(np.float32(59.999996))}, "male", 2),  # int(2.9999), as the reference
        ({"mocap_framerate": np.array(100)}, "male", 5),
        ({"gender": np.array(b"male")}, "female", 3),  # bytes are no text for the reference
    ],
)
def test_the_quirks_of_rate_and_gender_are_the_references(tmp_path, body_models, changes, gender, step):
    folder = repository(tmp_path, "./pose_data/CMU/01/01_01_poses.npy,0,40,000001.npy")
    arrays = recording(tmp_path / "amass" / "CMU" / "01" / "01_01_poses.npz", **changes)
    take = read_all(HumanML3D(folder, tmp_path / "amass", body_models))["000001"]
    expected = joints_by_the_book(arrays, body_models / "smplh" / gender / "model.npz", step)[:40] * [-1, 1, 1]
    assert np.abs(take.rows.values - humanml263.encode_positions(expected)).max() < 1e-5


def test_humanact12_is_taken_whole_and_named_where_it_is_missing(tmp_path):
    folder = repository(tmp_path, "./pose_data/humanact12/humanact12/P01G01R01F0001T0064A0101.npy,0,-1,000001.npy")
    (tmp_path / "amass").mkdir()
    source = HumanML3D(folder, tmp_path / "amass")
    assert "unpack pose_data/humanact12.zip" in read_all(source)["000001"].reason
    joints = np.random.default_rng(0).normal(size=(30, 24, 3)).astype(np.float32)
    place = tmp_path / "pose_data" / "humanact12" / "humanact12"
    place.mkdir(parents=True)
    np.save(place / "P01G01R01F0001T0064A0101.npy", joints)
    found = read_all(HumanML3D(folder, tmp_path / "amass"))
    assert np.array_equal(found["000001"].rows.values, humanml263.encode_positions(joints[:, :22]))
    assert found["M000001"].rows.values.shape == (29, 263)


def test_without_body_models_one_body_stands_in_and_that_is_said_once(tmp_path, caplog):
    folder = repository(tmp_path, "./pose_data/CMU/01/01_01_poses.npy,0,40,000001.npy")
    path = tmp_path / "amass" / "CMU" / "01" / "01_01_poses.npz"
    recording(path)
    with caplog.at_level(logging.WARNING):
        made = read_all(HumanML3D(folder, tmp_path / "amass"))["000001"].rows.values
    assert caplog.text.count("no body models") == 1
    motion = smplx_io.read(path, kind="smpl22")
    every_third = Motion(motion.skeleton, motion.root[::3], motion.rotations[::3], 20)[:40]
    assert np.abs(made - humanml263.encode(every_third)).max() < 1e-5


def test_a_recording_is_read_once_for_all_its_clips(tmp_path, monkeypatch):
    lines = [f"./pose_data/CMU/0{n % 2}/x_poses.npy,{n},{n + 20},00000{n}.npy" for n in range(6)]
    folder = repository(tmp_path, *lines)
    for n in range(2):
        recording(tmp_path / "amass" / "CMU" / f"0{n}" / "x_poses.npz", n)
    read, calls = smplx_io.read_parameters, []
    monkeypatch.setattr(smplx_io, "read_parameters", lambda path: calls.append(path) or read(path))
    found = read_all(HumanML3D(folder, tmp_path / "amass"))
    assert len(found) == 12 and all(isinstance(t, Take) for t in found.values()) and len(calls) == 2


def test_what_amass_lacks_or_has_too_short_is_skipped(tmp_path):
    folder = repository(
        tmp_path,
        "./pose_data/CMU/01/there_poses.npy,0,40,000001.npy",
        "./pose_data/CMU/01/there_poses.npy,4000,4040,000002.npy",
        "./pose_data/BioMotionLab_NTroje/rub001/away_poses.npy,0,40,000003.npy",
        "./pose_data/CMU/01/slow_poses.npy,0,40,000004.npy",
    )
    recording(tmp_path / "amass" / "CMU" / "01" / "there_poses.npz")
    recording(tmp_path / "amass" / "CMU" / "01" / "slow_poses.npz", mocap_framerate=np.array(15.0))
    found = read_all(HumanML3D(folder, tmp_path / "amass"))
    assert isinstance(found["000001"], Take)
    assert "has 200 frames at 20 a second, none in 4000:4040" in found["000002"].reason
    assert "away_poses.npz: is not there" in found["000003"].reason
    assert "must say a frame rate of at least 20" in found["000004"].reason


def test_published_rows_go_before_amass(tmp_path):
    folder = repository(tmp_path, "./pose_data/CMU/01/away_poses.npy,0,40,000001.npy")
    write(folder, vectors={"000001": rows()})
    (tmp_path / "amass").mkdir()
    found = read_all(HumanML3D(folder, tmp_path / "amass"))
    assert np.array_equal(found["000001"].rows.values, rows()) and isinstance(found["M000001"], Skipped)


def test_what_a_rebuild_needs_is_asked_for_before_it_starts(tmp_path):
    folder = repository(tmp_path, "./pose_data/CMU/01/x_poses.npy,0,40,000001.npy")
    with pytest.raises(FileNotFoundError, match="AMASS"):
        list(HumanML3D(folder, tmp_path / "amass").items())
    (tmp_path / "amass").mkdir()
    with pytest.raises(FileNotFoundError, match="smplh/male/model.npz"):
        list(HumanML3D(folder, tmp_path / "amass", tmp_path).items())
    (tmp_path / "index.csv").unlink()
    with pytest.raises(ValueError, match="has no index.csv in it or beside it"):
        list(HumanML3D(folder, tmp_path / "amass").items())


# the public sample


def test_the_public_sample_in_its_place_is_read_to_the_bit(tmp_path):
    if not (SAMPLE / "vectors_012314.npy").exists():
        pytest.skip(f"no public sample of HumanML3D in {SAMPLE}")
    vectors, joints = (np.load(SAMPLE / f"{kind}_012314.npy") for kind in ("vectors", "joints"))
    write(tmp_path, {"012314": vectors}, {"012314": joints}, {"012314": TEXT}, lists={"test": ["012314"]})
    take = read_all(HumanML3D(tmp_path))["012314"]
    assert np.array_equal(take.rows.values, vectors) and take.split == "test"
