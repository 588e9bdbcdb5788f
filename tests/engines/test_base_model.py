"""Folders of base models: found or refused by name, and never taken for another."""

import hashlib
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("huggingface_hub")
save_file = pytest.importorskip("safetensors.numpy").save_file

from backend.bundles import BundleError  # noqa: E402
from backend.engines import base_files, base_model  # noqa: E402
from backend.engines.base_model import BaseModel  # noqa: E402

COMMIT, OTHER = "a" * 40, "b" * 40
CONFIG = {"architectures": ["LlamaForCausalLM"], "vocab_size": 300, "hidden_size": 32, "transformers_version": "5.0"}


@pytest.fixture
def folder(tmp_path):
    """What a base model of a folder looks like, with numbers that no network uses."""
    return fill(tmp_path / "base")


def fill(folder):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "tokenizer.json").write_text("{}")
    save_file({"x": np.arange(12.0)}, folder / "model.safetensors")
    return folder


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """A model in the hub's cache: the folder of the commit."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--house--name"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    return fill(repository / "snapshots" / COMMIT)


def shards(folder, *names):
    """The weights as one file a name, with their index."""
    (folder / "model.safetensors").unlink()
    for i, name in enumerate(names):
        save_file({f"x{i}": np.arange(3.0)}, folder / name)
    index = {"weight_map": {f"x{i}": name for i, name in enumerate(names)}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def test_a_folder_is_described_and_found_again(folder):
    found = base_model.describe(folder, revision=COMMIT)
    assert found == BaseModel("base", COMMIT, base_files.fingerprint(folder), "LlamaForCausalLM", 300)
    assert BaseModel.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert base_model.located(found, folder) == folder


def test_a_model_of_the_hub_is_found_in_its_cache(cached):
    assert base_model.find("house/name") == base_model.find("house/name", COMMIT) == cached
    assert base_model.find("house/other") is base_model.find("house/name", OTHER) is None
    assert base_model.find("a folder/of/mine") is None
    found = base_model.describe(cached, "what I call it")
    assert (found.id, found.revision) == ("house/name", COMMIT)
    assert base_model.located(found, None) == cached


def test_a_model_that_is_not_here_comes_with_the_command_that_fetches_it(cached):
    wanted = replace(base_model.describe(cached), revision=OTHER)
    with pytest.raises(
        BundleError, match=f"not on this machine; fetch it with: hf download house/name --revision {OTHER}"
    ):
        base_model.located(wanted, None)
    with pytest.raises(BundleError, match=r"mine is not on this machine; name its folder \(--base-model DIR\)"):
        base_model.located(replace(wanted, id="mine", revision=""), None)


def test_another_model_or_revision_is_refused(cached):
    wanted = base_model.describe(cached)
    with pytest.raises(BundleError, match="its model is house/name, the bundle was trained on other/name at aaaaaaa"):
        base_model.located(replace(wanted, id="other/name"), cached)
    with pytest.raises(BundleError, match=f"its revision is {COMMIT}, the bundle was trained on .* with {OTHER}"):
        base_model.located(replace(wanted, revision=OTHER), cached)


def test_a_downloaded_folder_tells_its_commit(folder):
    note = folder / ".cache" / "huggingface" / "download" / "config.json.metadata"
    note.parent.mkdir(parents=True)
    note.write_text(f"{COMMIT}\n0123\n1.0\n")
    assert base_model.origin(folder) == ("", COMMIT)
    with pytest.raises(BundleError, match="its revision is a"):
        base_model.located(replace(base_model.describe(folder), revision=OTHER), folder)
    note.write_text("nothing of the kind")
    assert base_model.origin(folder) == ("", "")


def rewritten(**changes):
    def change(folder):
        (folder / "config.json").write_text(json.dumps(CONFIG | changes))

    return change


OTHERS = {
    "architecture": (rewritten(architectures=["GPT2LMHeadModel"]), "its architecture is GPT2LMHeadModel, the bundle"),
    "vocabulary": (rewritten(vocab_size=301), "its embedding rows is 301, the bundle was trained on base with 300"),
    "shape": (rewritten(hidden_size=64), "its fingerprint is"),
    "weights": (lambda f: save_file({"x": np.arange(12.0) + 1}, f / "model.safetensors"), "its fingerprint is"),
    "size": (lambda f: save_file({"x": np.arange(13.0)}, f / "model.safetensors"), "its fingerprint is"),
    "words": (lambda f: (f / "tokenizer.json").write_text('{"a": 1}'), "its fingerprint is"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_base_is_refused(folder, kind):
    wanted = base_model.describe(folder)
    change, reason = OTHERS[kind]
    change(folder)
    with pytest.raises(BundleError, match=reason) as error:
        base_model.located(wanted, folder)
    assert "name its folder (--base-model DIR)" in str(error.value)


def test_what_the_network_does_not_feel_is_no_difference(folder):
    wanted = base_model.describe(folder)
    rewritten(transformers_version="6.0", _name_or_path="elsewhere", use_cache=False)(folder)
    assert base_model.located(wanted, folder) == folder


def test_a_change_anywhere_in_a_small_file_and_at_the_ends_of_a_big_one_is_seen(folder):
    values = np.zeros(3 * 2**20, np.float32)  # three times what is read
    prints = set()
    for place in (None, 0, -1):
        changed = values.copy()
        if place is not None:
            changed[place] = 1.0
        save_file({"x": changed}, folder / "model.safetensors")
        prints.add(base_files.fingerprint(folder))
    assert len(prints) == 3


def test_weights_in_several_files(folder):
    shards(folder, "model-1.safetensors", "model-2.safetensors")
    assert [path.name for path in base_files.weight_files(folder)] == ["model-1.safetensors", "model-2.safetensors"]
    before = base_files.fingerprint(folder)
    (folder / "model-2.safetensors").write_bytes((folder / "model-1.safetensors").read_bytes())
    assert base_files.fingerprint(folder) != before
    (folder / "model-2.safetensors").unlink()
    with pytest.raises(BundleError, match=r"lacks model-2.safetensors, which model.safetensors.index.json names"):
        base_files.weight_files(folder)


def no_weights(folder):
    (folder / "model.safetensors").unlink()


def pickled(folder):
    no_weights(folder)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"x": 1}))


def index(content):
    def change(folder):
        no_weights(folder)
        (folder / "model.safetensors.index.json").write_text(content)

    return change


BAD = {
    "no folder": (lambda f: f.rename(f.with_name("moved")), "there is no folder"),
    "no config": (lambda f: (f / "config.json").unlink(), "config.json cannot be read"),
    "a config that is none": (lambda f: (f / "config.json").write_text("["), "config.json is not JSON"),
    "a config that is a list": (lambda f: (f / "config.json").write_text("[]"), "must hold a JSON object"),
    "no class": (rewritten(architectures=None), "'architectures' must name one class, got None"),
    "no vocabulary": (rewritten(vocab_size="many"), "'vocab_size' must be a whole number up to 1048576, got 'many'"),
    "no weights": (no_weights, "holds no weights; needed is model.safetensors, or model.safetensors.index.json"),
    "only a pickle": (pickled, "holds only pytorch_model.bin, a pickle, which is never opened"),
    "no text tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "tokenizer.json cannot be read .* only fast"),
    "a pointer": (
        lambda f: (f / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\n"),
        "is a pointer of Git LFS",
    ),
    "an index that leads elsewhere": (index('{"weight_map": {"x": "../other.safetensors"}}'), "files beside it"),
    "an index of pickles": (index('{"weight_map": {"x": "model.bin"}}'), "must name 1 to 1024 safetensors files"),
    "an adapter": (
        lambda f: (f / "adapter_config.json").write_text("{}"),
        "holds an adapter: name the folder of the model that it was trained on",
    ),
    "an index of nothing": (index("{}"), "must name 1 to 1024 safetensors files"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_folder_that_holds_no_base_is_refused_by_name(folder, kind):
    change, reason = BAD[kind]
    change(folder)
    with pytest.raises(BundleError, match=reason):
        base_model.describe(folder)


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"id": "a\nb"}, "'id' must be a short text"),
        ({"revision": "main"}, "'revision' must be a commit of 40 hex digits or empty, got 'main'"),
        ({"rows": 0}, "'rows' must be a whole number from 1"),
        ({"rows": True}, "'rows' must be"),
        ({"extra": 1}, "expected id, revision, fingerprint, architecture, rows"),
        ({"fingerprint": None}, "'fingerprint' must be a short text"),
    ],
)
def test_what_a_manifest_says_is_checked(change, reason):
    good = BaseModel("house/name", "", hashlib.sha256(b"x").hexdigest(), "LlamaForCausalLM", 300).to_dict()
    with pytest.raises(ValueError, match=reason):
        BaseModel.from_dict(good | change)
