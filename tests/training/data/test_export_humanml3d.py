"""Our clips as HumanML3D's folder, read again by its own source."""

import csv
import re
import weakref
from dataclasses import dataclass

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion.features import guo, humanml3d_body, humanml263
from backend.motion.mirror import mirror
from backend.motion.motion import Motion
from backend.motion.resample import resample
from backend.motion.skeleton import canonical
from tests.training.data.sources.made_guo_folder import moving, read_all
from training.data import caption_lines, shards
from training.data import index as indices
from training.data.caption_lines import CaptionLine
from training.data.export_humanml3d import Entry, export, export_clips
from training.data.index import Index, Origin, Record, ShardEntry
from training.data.representation import representation
from training.data.sources.humanml3d import HumanML3D
from training.data.sources.humanml3d_index import read_index
from training.data.sources.take import Terms
from training.data.store import DataSet, open_set

TERMS = {"cmu": Terms("A library", "https://example.org", "CC0"), "o3de": Terms("Other", "", "")}
FILES = {
    "new_joint_vecs", "new_joints", "texts", "train.txt", "val.txt", "test.txt", "train_val.txt", "all.txt", "Mean.npy",
    "Std.npy", "index.csv", "README.md",
}  # fmt: skip


WALKS = (CaptionLine("a person walks forward"),)


def entry(number=0, split="train", mirrored=False, frames=100, captions=WALKS):
    def motion():
        made = moving(frames, 30, seed=number)
        return mirror(made) if mirrored else made

    return Entry(f"cmu/01/01_{number:02d}", 10, 10 + frames, motion, captions, split, mirrored)


def three():
    waves = CaptionLine("waves with the left hand", (("wave", "VERB"),), 0.5, 1.5)
    yield entry(0, captions=(CaptionLine("a person kicks."), waves))
    yield entry(0, mirrored=True)
    yield entry(1, "val", frames=40)
    yield entry(2, "test", frames=320)


@pytest.fixture
def exported(tmp_path):
    return export(three(), tmp_path / "out", TERMS), tmp_path / "out"


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
        there = resample(wanted.motion(), 20).on(humanml3d_body.REFERENCE["smpl22"])
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
    # frames 10 to 110, 50 and 330 of a clip at 30 fps
    with open(folder / "index.csv", newline="") as file:
        assert list(csv.reader(file)) == [
            ["source_path", "start_frame", "end_frame", "new_name"],
            ["cmu/01/01_00", "7", "74", "000000.npy"],
            ["cmu/01/01_01", "7", "34", "000001.npy"],
            ["cmu/01/01_02", "7", "220", "000002.npy"],
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
    assert str(result) in readme and "A library (https://example.org): CC0" in readme and "Other" not in readme
    assert "not the raw file" in readme and "terms travel with the files" in readme


def test_index_counts_the_frames_that_a_rebuild_at_20_fps_would_cut(exported):
    """As ``humanml3d_rebuild`` and HumanML3D's own script: frames start to end give one row fewer."""
    _, folder = exported
    for clip, span in read_index(folder / "index.csv").items():
        assert span.end - span.start == len(np.load(folder / "new_joint_vecs" / f"{clip}.npy")) + 1


def test_what_cannot_be_described_is_left_out_with_its_mirror_and_told(tmp_path):
    broken = [entry(1, frames=2), entry(1, frames=2, mirrored=True), entry(2, captions=())]
    odd = entry(3, captions=(CaptionLine("360"),))
    result = export([entry(0), *broken, odd, entry(4), entry(4, mirrored=True, captions=())], tmp_path / "out", TERMS)
    assert (result.clips, result.mirrored, result.left_out) == (2, 0, 5)
    first, mirrored, captionless = result.reasons
    assert "cmu/01/01_01, frames 10 to 12: " in first and "at least 2 frames" in first
    assert mirrored.endswith("the clip that it mirrors is left out") and "no caption" in captionless
    assert "5 clips were left out" in str(result) and first in str(result)
    files = [
        sorted(p.stem for p in (tmp_path / "out" / f).iterdir()) for f in ("texts", "new_joints", "new_joint_vecs")
    ]
    assert files == [["000000", "000004"]] * 3
    assert (tmp_path / "out" / "all.txt").read_text().split() == ["000000", "000004"]
    assert set(read_index(tmp_path / "out" / "index.csv")) == {"000000", "000004"}


def test_an_earlier_export_is_replaced_whole(exported):
    _, folder = exported
    export([entry(5)], folder, TERMS)
    assert (folder / "all.txt").read_text() == "000000\n" and len(list((folder / "texts").iterdir())) == 1
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_the_same_clips_give_the_same_bytes(exported, tmp_path):
    _, folder = exported
    export(three(), tmp_path / "again", TERMS)
    files = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    assert len(files) == 21
    assert all((folder / path).read_bytes() == (tmp_path / "again" / path).read_bytes() for path in files)


def test_anything_else_in_the_folder_is_never_lost(exported, tmp_path):
    _, folder = exported
    (folder / "animations").mkdir()
    with pytest.raises(ValueError, match="holds 'animations', which would be lost"):
        export([entry()], folder, TERMS)
    other = tmp_path / "HumanML3D"
    other.mkdir()
    (other / "all.txt").write_text("000000\n")
    with pytest.raises(ValueError, match="holds 'all.txt'"):
        export([entry()], other, TERMS)
    with pytest.raises(ValueError, match="is a file"):
        export([entry()], other / "all.txt", TERMS)
    (other / "all.txt").unlink()
    assert export([entry()], other, TERMS).clips == 1  # an empty folder is as good as none


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([], "no clip to export"),
        ([entry(0), entry(1, mirrored=True)], "comes right after the clip that it mirrors"),
        ([entry(0, mirrored=True)], "comes right after"),
        ([entry(0), entry(0, "test", mirrored=True)], "comes right after"),
        ([entry(0, "test_trials")], "a split is one of train, val, test"),
        ([entry(0, frames=2)], "no clip to export; cmu/01/01_00, frames 10 to 12: .* at least 2 frames"),
        ([entry(0, captions=())], "frames 10 to 110: no caption"),
        ([entry(0, captions=(CaptionLine("360"),))], "the caption '360' has no word"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_written(tmp_path, entries, reason):
    with pytest.raises(ValueError, match=reason):
        export(entries, tmp_path / "out", TERMS)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_earlier_export_as_it_was(exported):
    _, folder = exported
    before = sorted(path.name for path in (folder / "texts").iterdir())
    with pytest.raises(ValueError, match="a split is one of"):
        export([entry(0), entry(1, "dev")], folder, TERMS)
    assert sorted(path.name for path in (folder / "texts").iterdir()) == before
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


@dataclass(frozen=True)
class Told:
    """A clip of a data set, made in ``saved``."""

    id: str
    motion: Motion
    captions: tuple[CaptionLine, ...] = ()
    split: str = "train"
    source: str = "cmu"


def saved(folder, *clips, form="motion"):
    """A data set on disk."""
    kept = representation(form)
    folder.mkdir()
    frames = [kept.encode(clip.motion) for clip in clips]
    digest = shards.write(folder / "a.safetensors", frames)
    records, start = [], 0
    for clip, arrays in zip(clips, frames):
        length = len(next(iter(arrays.values())))
        records.append(Record(clip.id, clip.source, "01", "walk", clip.split, 0, start, length, clip.captions))
        start += length
    origins = tuple(Origin(name, f"The {name}", "https://example.org", "CC0", 1) for name in ("cmu", "humanml3d"))
    entry = ShardEntry("a.safetensors", digest, start)
    indices.write(folder, Index(form, origins, (entry,), tuple(records)))
    return open_set(folder)


def segment(clip, start=30, end=150, sentences=("walks",), split="train", mirrored=False):
    return {"clip": clip, "start": start, "end": end, "mirrored": mirrored, "split": split, "sentences": sentences}


def said(folder, clip):
    return [(c.caption, c.start, c.end) for c in caption_lines.read(folder / "texts" / f"{clip}.txt")]


def test_captioned_segments_of_clips_are_cut_mirrored_and_divided(tmp_path):
    dataset = saved(tmp_path / "set", *(Told(name, moving(300, 30)) for name in ("01_01", "01_02")))
    left = segment("01_01", sentences=["A person turns LEFT."], split="test_subjects")
    right = segment("01_01", sentences=["turns right"], split="test_subjects", mirrored=True)
    result = export_clips(dataset, [left, right, segment("02_01")], tmp_path / "out")
    assert (result.clips, result.mirrored, result.left_out, result.misspelt) == (2, 1, 0, 0)
    found = read_all(HumanML3D(tmp_path / "out"))
    assert [t.split for t in found.values()] == ["test", "test"]
    assert found["000000"].captions[0].caption == "a person turns left."
    positions, other = (humanml263.decode_positions(found[clip].rows.values) for clip in ("000000", "M000000"))
    ankles = positions[:, [7, 8]] * [-1, 1, 1] - other[:, [8, 7]]
    assert np.abs(ankles).max() < 0.05  # the reference skeleton's sides differ by a few millimetres
    assert "cmu/01/01_01,20,100,000000.npy" in (tmp_path / "out" / "index.csv").read_text()  # 30 to 150 at 30 fps
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "The cmu (https://example.org): CC0" in readme and "The humanml3d" not in readme


@pytest.mark.parametrize("frames, form", [(149, "motion"), (300, "humanml263")])
def test_another_recording_gets_its_own_sentences_instead(tmp_path, caplog, frames, form):
    """captions.json speaks of frames that this one lacks, or of other moments."""
    own = (CaptionLine("a person waves with the left hand", start=0.0, end=1.0),)
    dataset = saved(tmp_path / "set", Told("01_01", moving(frames, 30), own, "test_subjects"), form=form)
    done = export_clips(dataset, [segment("01_01")], tmp_path / "hml")
    assert (done.clips, done.mirrored) == (2, 1) and "other recordings of 1 clips" in caplog.text
    assert said(tmp_path / "hml", "000000") == [("a person waves with the left hand", 0.0, 1.0)]
    assert said(tmp_path / "hml", "M000000") == [("a person waves with the right hand", 0.0, 1.0)]
    assert (tmp_path / "hml" / "test.txt").read_text().split() == ["000000", "M000000"]


def test_a_set_without_captions_is_no_export(tmp_path):
    dataset = saved(tmp_path / "set", Told("01_01", moving(149, 30)))
    with pytest.raises(ValueError, match="none of the clips has a caption"):
        export_clips(dataset, [segment("01_01")], tmp_path / "hml")
    assert not (tmp_path / "hml").exists()


def test_misspelt_sentences_stay_at_home_where_there_are_others(tmp_path):
    dataset = saved(tmp_path / "set", *(Told(name, moving(300, 30)) for name in ("01_01", "01_02")))
    slips = ["A Person Walks.", "a preson walks", "draws a swrod"]
    result = export_clips(dataset, [segment("01_01", sentences=slips), segment("01_02", sentences=slips[1:])],
                          tmp_path / "out")  # fmt: skip
    assert result.misspelt == 2 and "2 misspelt sentences" in (tmp_path / "out" / "README.md").read_text()
    assert [words for words, *_ in said(tmp_path / "out", "000000")] == ["a person walks."]
    assert [words for words, *_ in said(tmp_path / "out", "000001")] == slips[1:]  # better than none


def test_peoples_own_words_are_kept_whatever_our_lexicon_knows(tmp_path):
    own = (CaptionLine("a person does a frobnication"), CaptionLine("a person walks"))
    export_clips(saved(tmp_path / "set", Told("a", moving(99, 30), own)), [], tmp_path / "out")
    assert len(said(tmp_path / "out", "000000")) == 2


def test_clips_that_have_their_mirror_in_the_set_are_not_mirrored_again(tmp_path):
    """HumanML3D's "M000123" mirrors "000123"; "M000200" has lost what it mirrors, and "000300" its mirror."""
    left, right = (CaptionLine("turns left"),), (CaptionLine("turns right, it seems"),)
    motion, other = moving(120, 30), mirror(moving(120, 30, seed=9))
    dataset = saved(
        tmp_path / "set", Told("M000123", other, right, "val", "humanml3d"), Told("M000200", motion, left),
        Told("000123", motion, left, "test", "humanml3d"), Told("000300", motion, left, source="humanml3d"),
        Told("M000300", motion, left),
    )  # fmt: skip
    result = export_clips(dataset, [], tmp_path / "out")
    assert (result.clips, result.mirrored) == (8, 4)
    wanted = {"000000": "turns left", "M000000": "turns right", "000001": "turns left",
              "M000001": "turns right, it seems", "000002": "turns left", "M000002": "turns right",
              "000003": "turns left", "M000003": "turns right"}  # fmt: skip
    assert {clip: said(tmp_path / "out", clip)[0][0] for clip in wanted} == wanted
    assert "humanml3d/01/000123,0,80,000001.npy" in (tmp_path / "out" / "index.csv").read_text()
    twin = np.load(tmp_path / "out" / "new_joints" / "M000001.npy")
    there = resample(dataset.motion(dataset.records[0]), 20)
    assert np.abs(twin - humanml263.decode_positions(humanml263.encode(there))).max() < 1e-6  # its own, not made
    # on both sides of a split one would be tested on what was learnt
    assert (tmp_path / "out" / "test.txt").read_text().split() == ["000001", "M000001"]


def test_a_set_with_hands_gives_its_bodies(tmp_path):
    body = moving(100, 30)
    skeleton = canonical("smplx52")
    fingers = np.tile([1.0, 0.0, 0.0, 0.0], (100, 30, 1))
    motion = Motion(skeleton, body.root, np.concatenate([body.rotations, fingers], axis=1), 30)
    for name, one, form in (("hands", motion, "motion_hands"), ("body", body, "motion")):
        export_clips(saved(tmp_path / name, Told("a", one, WALKS), form=form), [], tmp_path / f"{name}-out")
    hands, alone = (np.load(tmp_path / f"{n}-out" / "new_joint_vecs" / "000000.npy") for n in ("hands", "body"))
    assert hands.shape == (66, 263) and np.abs(hands - alone).max() < 1e-5


def test_one_clip_at_a_time_is_in_memory(tmp_path, monkeypatch):
    dataset = saved(tmp_path / "set", *(Told(f"{k}", moving(60, 30), WALKS) for k in range(8)))
    alive, most, read = weakref.WeakSet(), [], DataSet.motion

    def watched(self, record):
        alive.add(motion := read(self, record))
        most.append(len(alive))
        return motion

    monkeypatch.setattr(DataSet, "motion", watched)
    assert export_clips(dataset, [], tmp_path / "out").clips == 16
    assert len(most) == 8 and max(most) <= 2


def test_a_damaged_shard_is_one_error(tmp_path):
    dataset = saved(tmp_path / "set", Told("a", moving(99, 30), WALKS))
    data = bytearray((tmp_path / "set" / "a.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / "set" / "a.safetensors").write_bytes(data)
    with pytest.raises(ValueError, match="is not the file that was built"):
        export_clips(dataset, [], tmp_path / "out")


def test_a_source_without_terms_is_not_passed_on(tmp_path):
    dataset = saved(tmp_path / "set", Told("a", moving(99, 30), WALKS, source="found"))
    with pytest.raises(ValueError, match="does not say on what terms found is"):
        export_clips(dataset, [], tmp_path / "out")
