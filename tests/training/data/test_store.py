"""An index or a shard that does not add up is refused by name, and never read on."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.training.data.made_source import Made
from training.data import build
from training.data.index import StoreError
from training.data.row_statistics import moments
from training.data.shards import ShardError
from training.data.store import open_set


@pytest.fixture
def built(tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    for name, frames in (("good_1", 30), ("good_2", 45)):
        (folder / f"{name}.txt").write_text(str(frames))
    return build.build(tmp_path / "set", [Made(folder)]).folder


def change(folder, edit):
    path = folder / "index.json"
    index = json.loads(path.read_text())
    edit(index)
    path.write_text(json.dumps(index))


def test_no_set_says_how_to_build_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.*python -m training data build"):
        open_set(tmp_path / "nothing")


@pytest.mark.parametrize(
    "edit, says",
    [
        (lambda i: i.update(version=9), "version 9; this build reads version 1"),
        (lambda i: i.update(representation="xyz"), "unknown representation 'xyz'"),
        (lambda i: i.pop("records"), "lacks 'records'"),
        (lambda i: i["records"][0].pop("start"), "lacks 'start'"),
        (lambda i: i["records"][1].update(start=31), "good_2: its frames lie outside its shard of 75"),
        (lambda i: i["records"][0].update(start=-1), "start must be a whole number"),
        (lambda i: i["records"][0].update(frames=float("inf")), "frames must be a whole number"),
        (lambda i: i["records"][0].update(captions=[5]), "a caption must be text"),
        (lambda i: i["records"][0].update(captions=["walks#walk/VERB#0.0#1e308"]), "a span must begin"),
        (lambda i: i.update(sources=[{"name": "x"}]), "lacks 'title'"),
        (lambda i: i["records"][0].update(shard=4), "there is no shard 4"),
        (lambda i: i["records"][0].update(split="tests"), "unknown split 'tests'"),
        (lambda i: i["records"][1].update(id="good_1"), "good_1 is there twice"),
        (lambda i: i["records"][0].update(captions=["walks"]), "caption#words#start#end"),
        (lambda i: i["shards"][0].update(file="../other.safetensors"), "is not one of a data set's"),
        (lambda i: i["shards"][0].update(file="\ud800.safetensors"), "is not one of a data set's"),
    ],
)
def test_an_index_that_does_not_add_up(built, edit, says):
    change(built, edit)
    with pytest.raises(StoreError, match=says) as refused:
        open_set(built)
    assert "index.json" in str(refused.value)


@pytest.mark.parametrize("text", ['{"version": 1, "rec', "[]", "null", '"x"', "[" * 100_000, '{"version": 1e999}'])
def test_an_index_that_is_none(built, text):
    (built / "index.json").write_text(text)
    with pytest.raises(StoreError, match="index.json"):
        open_set(built)


def test_a_shard_of_another_type_is_not_read_as_ours(built):
    dataset = open_set(built)
    path = built / dataset.index.shards[0].file
    arrays = load_file(path)
    save_file({name: array.astype(np.float16) for name, array in arrays.items()}, path)
    with pytest.raises(ShardError, match=r"rotations is F16 .*the index says I16"):
        open_set(built).motion(dataset.records[0])


@pytest.mark.parametrize(
    "edit",
    [
        lambda n: n.update(mean=n["mean"][:5], std=n["std"][:5]),
        lambda n: n["mean"].__setitem__(0, 7.0),
        lambda n: n.update(fingerprint="0" * 64),
        lambda n: n.pop("std"),
        lambda n: n.update(mean="x"),
    ],
)
def test_a_normalisation_that_was_changed_is_refused(tmp_path, edit):
    folder = tmp_path / "made"
    folder.mkdir()
    for number in range(6):  # some of them train
        (folder / f"good_{number}x.txt").write_text("40")
    rows = build.build(tmp_path / "rows", [Made(folder)], "humanml263").folder
    assert len(open_set(rows).normalisation.mean) == 263
    change(rows, lambda i: edit(i["normalisation"]))
    with pytest.raises(StoreError, match="normalisation"):
        _ = open_set(rows).normalisation


def test_a_shard_that_is_cut_short_or_missing_or_of_other_frames(built):
    dataset = open_set(built)
    path = built / dataset.index.shards[0].file
    data = path.read_bytes()
    path.write_bytes(data[:-100])
    with pytest.raises(ShardError, match=path.name):
        dataset.motion(dataset.records[0])
    path.unlink()
    with pytest.raises(ShardError, match=path.name):
        dataset.motion(dataset.records[0])
    path.write_bytes(data)
    change(built, lambda i: i["shards"][0].update(frames=90))
    with pytest.raises(ShardError, match=r"I16 \(75, .*the index says I16 \(90,"):
        other = open_set(built)
        other.motion(other.records[0])


def test_verify_finds_one_changed_bit(built):
    dataset = open_set(built)
    dataset.verify()
    path = built / dataset.index.shards[0].file
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ShardError, match=f"{path.name} is not the file that was built"):
        open_set(built).verify()


def test_a_set_of_motions_has_no_normalisation(built):
    with pytest.raises(StoreError, match="keeps motions"):
        _ = open_set(built).normalisation


def test_moments_in_one_pass_equal_those_of_the_whole():
    rng = np.random.default_rng(0)
    parts = [1000 + rng.normal(size=(n, 5)) * [1, 2, 3, 4, 1e-3] for n in (1, 7, 300, 2)]
    mean, std = moments(parts)
    whole = np.concatenate(parts)
    np.testing.assert_allclose(mean, whole.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(std, whole.std(axis=0), rtol=1e-8)
