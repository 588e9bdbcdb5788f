"""`python -m training data ...` from the miniature sources to captions, through the same main as the command line."""

from functools import partial

import numpy as np
import pytest

from training.__main__ import main
from training.data import segments
from training.data.store import open_set

OURS = ["01_01", "06_01", "35_01", "salsa_01", "o3de_Walk1"]


def arguments_for(mocap, *names):
    return [word for name in names for word in (f"--{name}", str(mocap / name))]


@pytest.fixture(scope="module")
def built(mocap, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built") / "ours"
    assert main(["data", "build", str(folder), *arguments_for(mocap, "cmu", "o3de"), "--workers", "1"]) == 0
    return folder


def test_build_writes_every_clip(built):
    clips = open_set(built).clips()
    assert [c.id for c in clips] == OURS
    assert all(c.motion.fps == 30 and np.isfinite(c.motion.root).all() for c in clips)
    # the sentences of their labels; a long take of many movements has none that is true of all of it
    assert [len(c.captions) >= 3 for c in clips] == [True, True, True, True, False]
    assert [p.name for p in built.parent.iterdir()] == [built.name]  # nothing half written stays behind


def test_build_says_what_it_read_and_what_not(mocap, tmp_path, capsys):
    (tmp_path / "o3de").mkdir()
    text = (mocap / "o3de" / "Walk1.bvh").read_text()
    (tmp_path / "o3de" / "Walk1.bvh").write_text(text)
    (tmp_path / "o3de" / "Walk2.bvh").write_text(text[:-40])
    there = tmp_path / "set"
    assert main(["data", "build", str(there), *arguments_for(tmp_path, "o3de"), "--workers", "1"]) == 0
    said = capsys.readouterr().out
    assert "o3de: 1 clips, 0.00 h, of 2 items; 1 left out" in said and "Walk2.bvh" in said
    assert f"training data inspect {there}" in said
    (left,) = open_set(there).index.skipped
    assert (left.file, left.source) == ("Walk2.bvh", "o3de") and "the file holds only" in left.reason


def test_any_representation_can_be_built(mocap, tmp_path):
    folder = tmp_path / "rows"
    command = ["data", "build", str(folder), *arguments_for(mocap, "o3de"), "--workers", "1", "--as", "humanml263"]
    assert main(command) == 0
    dataset = open_set(folder)
    (record,) = dataset.records
    assert dataset.arrays(record)["rows"].shape == (record.frames, 263) and dataset.motion(record).fps == 20


def test_inspect_shows_it(built, tmp_path, capsys):
    pytest.importorskip("PIL")
    assert main(["data", "inspect", str(built), "--out", str(tmp_path / "look"), "--count", "2"]) == 0
    said = capsys.readouterr().out
    assert "cmu" in said and "words:" in said
    assert (tmp_path / "look" / "sheet.png").stat().st_size > 5000


def test_export_writes_humanml3ds_format_and_reads_back(built, tmp_path, capsys):
    assert main(["data", "export", str(built), str(tmp_path / "hml")]) == 0
    assert "clips" in capsys.readouterr().out
    back = tmp_path / "back"
    command = ["data", "build", str(back), "--humanml3d", str(tmp_path / "hml"), "--as", "humanml263", "--workers", "1"]
    assert main(command) == 0
    dataset = open_set(back)
    assert {r.id for r in dataset.records} == {f"{m}00000{n}" for n in range(4) for m in ("", "M")}  # o3de says nothing
    assert all(record.captions and record.captions[0].words for record in dataset.records)


def test_splits_tells_seconds_and_agreement(built, capsys):
    assert main(["data", "splits", str(built)]) == 0
    said = capsys.readouterr().out
    assert "train: 10 s, 281 groups" in said and "test_subjects: 0 s, 24 groups" in said
    # the rule ranks all groups together, so a part of them is divided otherwise: it must say so, not fail
    assert "groups differ from the rule" in said


def test_captions_are_written_for_what_was_built(built, tmp_path, capsys, monkeypatch):
    before = segments.CAPTIONS.stat()
    path = tmp_path / "captions.json"
    monkeypatch.setattr(segments, "save_captions", partial(segments.save_captions, path=path))
    assert main(["data", "captions", str(built)]) == 0
    made = segments.committed(path)
    assert {i.split("#")[0] for i in made} == set(OURS)
    assert all(len(c) >= 3 for c in made.values()) and len(made) % 2 == 0
    assert any("salsa" in c["text"].lower() for c in made["salsa_01#0-60"])
    assert f"wrote {len(made)} segments" in capsys.readouterr().out
    assert segments.CAPTIONS.stat() == before


def test_skeleton_measures_the_asf_subjects(mocap, capsys):
    assert main(["data", "skeleton", "--cmu", str(mocap / "cmu")]) == 0
    assert "left_knee" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["build", "{set}"], "give at least one source: --cmu"),
        (["build", "{set}", "--cmu", "not/there"], "not/there"),
        (["build", "{set}", "--o3de", "{empty}"], "{empty}"),
        (["build", "{set}", "--o3de", "{empty}", "--as", "hml"], "unknown representation 'hml'; known: motion"),
        (["build", "{empty}", "--o3de", "{empty}"], "is there already"),
        (["splits", "{set}"], "python -m training data build"),
        (["captions", "{set}"], "python -m training data build"),
        (["inspect", "{set}"], "python -m training data build"),
        (["export", "{set}", "{empty}"], "python -m training data build"),
    ],
)
def test_what_is_missing_is_said_on_one_line(arguments, says, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    places = {"empty": str(tmp_path / "empty"), "set": str(tmp_path / "set")}
    assert main(["data", *(a.format(**places) for a in arguments)]) == 2
    said = capsys.readouterr()
    assert says.format(**places) in said.err and said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert not (tmp_path / "set").exists()


def test_unknown_commands_are_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["data", "bild"])
    assert stopped.value.code == 2 and "build" in capsys.readouterr().err
