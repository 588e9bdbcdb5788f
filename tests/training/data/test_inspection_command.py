"""`python -m training data inspect` on a small set: what is printed, what is written, what is refused on one line."""

import argparse
import json
import sys

import pytest

from training.data import index as indices
from training.data import shards
from training.data.caption_lines import CaptionLine
from training.data.index import Index, LeftOut, Origin, Record, ShardEntry
from training.data.inspection import command
from training.data.representation import representation


@pytest.fixture(scope="module")
def folder(make, tmp_path_factory):
    """A set of three clips of two sources, two of one id."""
    motions = [make.walk(1.0), make.wave(1.5, (0.3, 1.2)), make.stand(0.5)]
    kept = representation("motion")
    where = tmp_path_factory.mktemp("sets") / "small"
    where.mkdir()
    digest = shards.write(where / "a.safetensors", [kept.encode(m) for m in motions])
    records, start = [], 0
    for motion, (source, name) in zip(motions, (("cmu", "01"), ("cmu", "02"), ("o3de", "01"))):
        said = (CaptionLine("a person walks 人"),) if start == 0 else ()
        records.append(Record(name, source, "s", "", "train", 0, start, len(motion), said))
        start += len(motion)
    origins = tuple(Origin(name, name.upper(), "nowhere", "CC0", 2) for name in ("cmu", "o3de"))
    skipped = (LeftOut("cmu", "03", "03.bvh", "03.bvh: truncated"),)
    shard = ShardEntry("a.safetensors", digest, start)
    indices.write(where, Index("motion", origins, (shard,), tuple(records), skipped))
    return where


def inspect(*arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.main(parser.parse_args(list(map(str, arguments))))


def test_numbers_are_printed_and_pictures_lie_beside_the_set(folder, capsys):
    pytest.importorskip("PIL", reason="no Pillow: pictures are not drawn")
    before = sorted(p.name for p in folder.iterdir())
    assert inspect(folder) == 0
    said = capsys.readouterr().out
    for told in ("small: motion on smpl22, 30 frames a second", "cmu     train      2", "captions: 1", "left out: 1",
                 "sheet.png (clips: 3)", "film.gif (clips: 3, 1.5 s)"):  # fmt: skip
        assert told in said
    beside = folder.with_name("small-inspection")
    assert sorted(p.name for p in beside.iterdir()) == ["film.gif", "sheet.png"]
    assert sorted(p.name for p in folder.iterdir()) == before


def test_named_clips_a_folder_and_json(folder, tmp_path, capsys):
    pytest.importorskip("av", reason="no PyAV: MP4 is not written")
    out, numbers = tmp_path / "new" / "looks", tmp_path / "numbers.json"
    assert inspect(folder, "--clips", "01", "--out", out, "--film", "mp4", "--json", numbers) == 0
    assert "film.mp4 (clips: 2, 1.0 s)" in capsys.readouterr().out
    assert sorted(p.name for p in out.iterdir()) == ["film.mp4", "sheet.png"]
    found = json.loads(numbers.read_text(encoding="utf-8"))
    assert (found["set"], found["representation"], found["fps"], found["clips"]) == ("small", "motion", 30.0, 3)
    assert found["sources"][1]["licence"] == "CC0" and found["words"]["人"] == 1
    assert found["skipped"] == [{"source": "cmu", "id": "03", "file": "03.bvh", "reason": "03.bvh: truncated"}]


def test_sheet_and_film_each_tell_their_own_number_of_clips(folder, tmp_path, monkeypatch):
    pytest.importorskip("PIL", reason="no Pillow: pictures are not drawn")
    from training.data.inspection import film, sheet

    told = []
    for module in (sheet, film):
        draw = getattr(module, module.__name__.rsplit(".", 1)[1])

        def noted(title, *rest, draw=draw):
            told.append(title)
            return draw(title, *rest)

        monkeypatch.setattr(module, draw.__name__, noted)
    monkeypatch.setattr(command, "IN_A_FILM", 1)
    assert inspect(folder, "--count", 2, "--out", tmp_path) == 0
    assert told == ["small: 2 of 3 clips", "small: 1 of 3 clips"]


def test_no_picture_needs_no_package(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert inspect(folder, "--count", 0, "--out", tmp_path / "out") == 0
    assert "wrote" not in capsys.readouterr().out and not (tmp_path / "out").exists()
    assert inspect(folder, "--out", tmp_path / "out") == 2
    said = capsys.readouterr()
    assert 'pip install "pillow==' in said.err and "--count 0" in said.err and said.out == ""


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["not/there"], "not/there holds no data set"),
        (["{set}", "--clips", "04"], "none of the 3 clips of this data set is '04'"),
        (["{set}", "--count", "-1"], "--count must be 0 or more, got -1"),
        (["{set}", "--out", "{set}/index.json"], "index.json"),
        (["{set}", "--json", "not/there/numbers.json"], "not/there"),
    ],
)
def test_what_is_wrong_is_one_line(folder, arguments, says, capsys):
    assert inspect(*(a.replace("{set}", str(folder)) for a in arguments)) == 2
    said = capsys.readouterr().err
    assert says in said and len(said.strip().splitlines()) == 1


def test_a_film_that_cannot_be_written_is_told_before_anything_else(folder, capsys, monkeypatch):
    pytest.importorskip("PIL", reason="no Pillow: pictures are not drawn")
    monkeypatch.setitem(sys.modules, "av", None)
    assert inspect(folder, "--film", "mp4") == 2
    said = capsys.readouterr()
    assert 'pip install "av==' in said.err and said.out == ""


def test_more_clips_than_a_sheet_holds_are_refused_at_once(folder, tmp_path, capsys):
    pytest.importorskip("PIL", reason="no Pillow: pictures are not drawn")
    many = tmp_path / "many"
    many.mkdir()
    whole = indices.read(folder)
    (tmp_path / "many" / "a.safetensors").write_bytes((folder / "a.safetensors").read_bytes())
    records = tuple(Record(f"{k}", "cmu", "s", "", "train", 0, 0, 10) for k in range(70))
    indices.write(many, Index("motion", whole.sources, whole.shards, records))
    assert inspect(many, "--count", 61) == 2
    said = capsys.readouterr()
    assert "at most 60 clips, got 61" in said.err and said.out == ""
