"""`python -m training data ...` from the miniature sources to captions, through the same main as the command line."""

from functools import partial

import numpy as np
import pytest

from training.__main__ import main
from training.data import cache, segments


@pytest.fixture(scope="module")
def built(mocap, tmp_path_factory):
    path = tmp_path_factory.mktemp("built") / "clips.npz"
    folders = ["--cmu", str(mocap / "cmu"), "--o3de", str(mocap / "o3de")]
    assert main(["data", "build", *folders, "--cache", str(path)]) == 0
    return path


def test_build_writes_every_clip(built):
    clips = cache.clips(built)
    assert [c.id for c in clips] == ["01_01", "06_01", "35_01", "salsa_01", "o3de_Walk1"]
    assert all(c.motion.fps == 30 and np.isfinite(c.motion.root).all() for c in clips)
    assert [p.name for p in built.parent.iterdir()] == [built.name]  # nothing half written stays behind


def test_build_says_what_it_read(mocap, tmp_path, capsys):
    assert main(["data", "build", "--o3de", str(mocap / "o3de"), "--cache", str(tmp_path / "c.npz")]) == 0
    said = capsys.readouterr().out
    assert "1 clips" in said and "o3de" in said and "Walk1: 2 s" in said and "c.npz" in said


def test_splits_tells_seconds_and_agreement(built, capsys):
    assert main(["data", "splits", "--cache", str(built)]) == 0
    said = capsys.readouterr().out
    assert "train: 10 s, 281 groups" in said and "test_subjects: 0 s, 24 groups" in said
    # the rule ranks all groups together, so a part of them is divided otherwise: it must say so, not fail
    assert "groups differ from the rule" in said


def test_captions_are_written_for_what_was_built(built, tmp_path, capsys, monkeypatch):
    before = segments.CAPTIONS.stat()
    path = tmp_path / "captions.json"
    monkeypatch.setattr(segments, "save_captions", partial(segments.save_captions, path=path))
    assert main(["data", "captions", "--cache", str(built)]) == 0
    made = segments.committed(path)
    assert {i.split("#")[0] for i in made} == {"01_01", "06_01", "35_01", "salsa_01", "o3de_Walk1"}
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
        (["build"], "give --cmu, --o3de or --cc0"),
        (["build", "--cc0", "somewhere"], "--bpy-python"),
        (["build", "--cmu", "not/there"], "not/there"),
        (["build", "--o3de", "{empty}"], "no clip was read"),
        (["skeleton"], "give --cmu"),
        (["splits"], "python -m training data build"),
        (["captions"], "python -m training data build"),
    ],
)
def test_what_is_missing_is_said_on_one_line(arguments, says, tmp_path, capsys):
    arguments = [a.replace("{empty}", str(tmp_path)) for a in arguments]
    assert main(["data", *arguments, "--cache", str(tmp_path / "clips.npz")]) == 2
    said = capsys.readouterr()
    assert says in said.err and said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert not (tmp_path / "clips.npz").exists()


def test_a_damaged_file_and_an_unknown_group_are_named(mocap, tmp_path, capsys, make):
    (tmp_path / "Walk1.bvh").write_text((mocap / "o3de" / "Walk1.bvh").read_text()[:-40])
    assert main(["data", "build", "--o3de", str(tmp_path), "--cache", str(tmp_path / "clips.npz")]) == 2
    assert "Walk1.bvh" in capsys.readouterr().err
    strange = cache.Clip("99_01", "cmu", "99", "juggles", make.walk(1.0))
    cache.save([strange], tmp_path / "clips.npz")
    assert main(["data", "splits", "--cache", str(tmp_path / "clips.npz")]) == 2
    said = capsys.readouterr().err
    assert "99/juggles" in said and "splits.json" in said


def test_unknown_commands_are_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["data", "bild"])
    assert stopped.value.code == 2 and "build" in capsys.readouterr().err
