"""Our clips as HumanML3D's folder, read again by its own source."""

import csv
import re
from dataclasses import replace

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion.features import guo, humanml3d_body, humanml263
from backend.motion.mirror import mirror
from backend.motion.resample import resample
from tests.training.data.sources.made_guo_folder import moving, read_all
from training.data import caption_lines
from training.data.caption_lines import CaptionLine
from training.data.clip import Clip
from training.data.export_humanml3d import Entry, export, export_clips
from training.data.sources.humanml3d import HumanML3D
from training.data.sources.take import Terms

TERMS = Terms("A library", "https://example.org", "CC0")
FILES = {
    "new_joint_vecs", "new_joints", "texts", "train.txt", "val.txt", "test.txt", "train_val.txt", "all.txt", "Mean.npy",
    "Std.npy", "index.csv", "README.md",
}  # fmt: skip


WALKS = (CaptionLine("a person walks forward"),)


def entry(number=0, split="train", mirrored=False, frames=100, captions=WALKS):
    motion = moving(frames, 30, seed=number)
    return Entry(
        f"cmu/01/01_{number:02d}", 10, 10 + frames, mirror(motion) if mirrored else motion, captions, split, mirrored
    )


def three():
    waves = CaptionLine("waves with the left hand", (("wave", "VERB"),), 0.5, 1.5)
    yield entry(0, captions=(CaptionLine("a person kicks."), waves))
    yield entry(0, mirrored=True)
    yield entry(1, "val", frames=40)
    yield entry(2, "test", frames=320)


@pytest.fixture
def exported(tmp_path):
    return export(three(), tmp_path / "out", [TERMS]), tmp_path / "out"


def test_what_was_exported_is_read_again(exported):
    _, folder = exported
    found = read_all(HumanML3D(folder))
    assert {clip: take.split for clip, take in found.items()} == {
        "000000": "train", "000001": "val", "000002": "test", "M000000": "train",
    }  # fmt: skip
    assert {take.subject for take in found.values()} == {"cmu/01"}
    kick, wave = found["000000"].captions
    assert (kick.caption, kick.start) == ("a person kicks.", None)
    assert kick.words == (("a", "DET"), ("person", "NOUN"), ("kick", "VERB"))  # made, because it had none
    assert (wave.words, wave.start, wave.end) == ((("wave", "VERB"),), 0.5, 1.5)
    for clip, wanted in zip(("000000", "M000000", "000001", "000002"), three()):
        there = resample(wanted.motion, 20).on(humanml3d_body.REFERENCE["smpl22"])
        reference = guo.standardise(humanml263.SKELETON, kinematics.joint_positions(there))[:-1]
        assert len(found[clip].rows.values) == len(reference)
        assert np.abs(humanml263.decode_positions(found[clip].rows.values) - reference).max() < 1e-5


def test_the_files_are_those_of_the_public_folder(exported):
    _, folder = exported
    assert {path.name for path in folder.iterdir()} == FILES
    for clip in ("000000", "M000000"):
        rows, joints = (np.load(folder / kind / f"{clip}.npy") for kind in ("new_joint_vecs", "new_joints"))
        assert rows.shape == (66, 263) and joints.shape == (66, 22, 3)  # 67 frames at 20 fps, the last used up
        assert rows.dtype == joints.dtype == np.float32
        assert np.abs(joints - humanml263.decode_positions(rows)).max() < 1e-6
    assert (folder / "train_val.txt").read_text() == "000000\n000001\nM000000\n"
    with open(folder / "index.csv", newline="") as file:
        assert list(csv.reader(file)) == [
            ["source_path", "start_frame", "end_frame", "new_name"],
            ["cmu/01/01_00", "10", "110", "000000.npy"],
            ["cmu/01/01_01", "10", "50", "000001.npy"],
            ["cmu/01/01_02", "10", "330", "000002.npy"],
        ]


def test_lines_have_the_form_that_readers_split(exported):
    """T2M and those after it: four parts by '#', words by one blank, each a word and its kind by '/', then seconds."""
    _, folder = exported
    for path in (folder / "texts").iterdir():
        for line in path.read_text().splitlines():
            caption, words, start, end = line.split("#")
            assert caption and float(end) >= float(start) >= 0.0
            assert all(re.fullmatch(r"[a-z]+/[A-Z]+", word) for word in words.split(" "))


def test_mean_and_deviation_are_of_all_rows_and_averaged_in_blocks(exported):
    _, folder = exported
    rows = np.concatenate([np.load(path) for path in sorted((folder / "new_joint_vecs").iterdir())]).astype(float)
    mean, std = np.load(folder / "Mean.npy"), np.load(folder / "Std.npy")
    assert mean.shape == std.shape == (263,) and mean.dtype == std.dtype == np.float32
    assert np.allclose(mean, rows.mean(axis=0), atol=1e-6)
    blocks = (slice(0, 1), slice(1, 3), slice(3, 4), slice(4, 67), slice(67, 193), slice(193, 259), slice(259, 263))
    for block in blocks:
        assert np.allclose(std[block], rows.std(axis=0)[block].mean(), atol=1e-6)


def test_clips_that_readers_leave_out_are_kept_and_counted(exported):
    result, folder = exported
    assert (result.clips, result.mirrored, result.short, result.long) == (4, 1, 1, 1)
    assert result.rows == sum(len(np.load(path)) for path in (folder / "new_joints").iterdir())
    assert "leave out 1 shorter than 40 rows and 1 longer than 199" in str(result)
    readme = (folder / "README.md").read_text()
    assert str(result) in readme and "A library (https://example.org): CC0" in readme


def test_an_earlier_export_is_replaced_whole(exported):
    _, folder = exported
    export([entry(5)], folder, [TERMS])
    assert (folder / "all.txt").read_text() == "000000\n" and len(list((folder / "texts").iterdir())) == 1
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_the_same_clips_give_the_same_bytes(exported, tmp_path):
    _, folder = exported
    export(three(), tmp_path / "again", [TERMS])
    files = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    assert len(files) == 21
    assert all((folder / path).read_bytes() == (tmp_path / "again" / path).read_bytes() for path in files)


def test_anything_else_in_the_folder_is_never_lost(exported, tmp_path):
    _, folder = exported
    (folder / "animations").mkdir()
    with pytest.raises(ValueError, match="holds 'animations', which would be lost"):
        export([entry()], folder, [TERMS])
    other = tmp_path / "HumanML3D"
    other.mkdir()
    (other / "all.txt").write_text("000000\n")
    with pytest.raises(ValueError, match="holds 'all.txt'"):
        export([entry()], other, [TERMS])
    with pytest.raises(ValueError, match="is a file"):
        export([entry()], other / "all.txt", [TERMS])
    (other / "all.txt").unlink()
    assert export([entry()], other, [TERMS]).clips == 1  # an empty folder is as good as none


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([], "no clip to export"),
        ([entry(0), entry(1, mirrored=True)], "comes right after the clip that it mirrors"),
        ([entry(0, mirrored=True)], "comes right after"),
        ([entry(0), entry(0, "test", mirrored=True)], "comes right after"),
        ([entry(0, "test_trials")], "a split is one of train, val, test"),
        ([entry(0, frames=2)], "cmu/01/01_00, frames 10 to 12: .* at least 2 frames"),
        ([entry(0, captions=())], "frames 10 to 110: no caption"),
        ([entry(0, captions=(CaptionLine("360"),))], "the caption '360' has no word"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_written(tmp_path, entries, reason):
    with pytest.raises(ValueError, match=reason):
        export(entries, tmp_path / "out", [TERMS])
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_earlier_export_as_it_was(exported):
    _, folder = exported
    before = sorted(path.name for path in (folder / "texts").iterdir())
    with pytest.raises(ValueError, match="a split is one of"):
        export([entry(0), entry(1, "dev")], folder, [TERMS])
    assert sorted(path.name for path in (folder / "texts").iterdir()) == before
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_captioned_segments_of_clips_are_cut_mirrored_and_divided(tmp_path):
    clips = [Clip(name, "cmu", "01", "walk", moving(300, 30)) for name in ("01_01", "01_02")]
    record = {"clip": "01_01", "start": 30, "end": 150, "mirrored": False, "split": "test_subjects"}
    record["sentences"] = ["A person turns LEFT."]
    records = [record, record | {"mirrored": True, "sentences": ["turns right"]}, record | {"clip": "02_01"}]
    result = export_clips(clips, records, tmp_path / "out", {"cmu": TERMS, "o3de": Terms("Other", "", "")})
    assert (result.clips, result.mirrored) == (2, 1)
    found = read_all(HumanML3D(tmp_path / "out"))
    assert [t.split for t in found.values()] == ["test", "test"]
    assert found["000000"].captions[0].caption == "a person turns left."
    positions, other = (humanml263.decode_positions(found[clip].rows.values) for clip in ("000000", "M000000"))
    ankles = positions[:, [7, 8]] * [-1, 1, 1] - other[:, [8, 7]]
    assert np.abs(ankles).max() < 0.05  # the reference skeleton's sides differ by a few millimetres
    assert "Other" not in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize("frames, fps", [(149, 30), (300, 20)])
def test_another_recording_gets_its_own_sentences_instead(tmp_path, caplog, frames, fps):
    """captions.json speaks of frames that this one lacks, or of other moments."""
    record = {"clip": "01_01", "start": 30, "end": 150, "mirrored": False, "split": "train", "sentences": ["walks"]}
    own = (CaptionLine("a person waves with the left hand", start=0.0, end=1.0),)
    clip = Clip("01_01", "cmu", "01", "walk", moving(frames, fps), own, "test_subjects")
    done = export_clips([clip], [record], tmp_path / "hml", {"cmu": TERMS})
    assert (done.clips, done.mirrored) == (2, 1) and "other recordings of 1 clips" in caplog.text
    texts = [caption_lines.read(tmp_path / "hml" / "texts" / f"{name}.txt") for name in ("000000", "M000000")]
    said = [[(c.caption, c.start, c.end) for c in lines] for lines in texts]
    assert said == [
        [("a person waves with the left hand", 0.0, 1.0)],
        [("a person waves with the right hand", 0.0, 1.0)],
    ]
    assert (tmp_path / "hml" / "test.txt").read_text().split() == ["000000", "M000000"]
    with pytest.raises(ValueError, match="none of the clips has a caption"):
        export_clips([replace(clip, captions=())], [record], tmp_path / "nothing", {"cmu": TERMS})
