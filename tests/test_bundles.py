import hashlib
import json
import os

import pytest

from backend import bundles
from backend.bundles import MANIFEST, BundleError

FILES = {"model.safetensors": bytes(range(256)) * 5, "tokenizer.json": b"{}", "MODEL_CARD.md": b"# card\n"}


def manifest(**more):
    plain = {
        "name": "tiny",
        "version": "1",
        "system": "motiongpt2",
        "tasks": ["text_to_motion"],
        "engines": ["torch"],
        "prompt_version": 1,
        "config": {"motion_tokenizer": {"width": 8}},
        "features": {"codec": "ms272", "fps": 30, "fingerprint": "0" * 64},
        "licence": "GPL-3.0-or-later",
        "training_data": ["CMU"],
        "acknowledgement": "thanks",
        "metrics": {},
    }
    return plain | more


@pytest.fixture
def folder(tmp_path):
    return bundles.write(tmp_path / "tiny", manifest(), FILES).path


def edit(folder, change):
    file = folder / MANIFEST
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))


def test_round_trip(folder, tmp_path):
    seen = []
    bundle = bundles.load(folder, seen.append)
    assert bundle.title == "tiny 1" and bundle.tasks == ("text_to_motion",) and seen[-1] == 1.0
    assert bundle.file("model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert bundle.files["tokenizer.json"].sha256 == hashlib.sha256(b"{}").hexdigest()
    assert bundle.to_manifest() == json.loads((folder / MANIFEST).read_text())
    assert os.listdir(tmp_path) == ["tiny"], "no temporary folder stays"
    with pytest.raises(BundleError, match="holds no other.json"):
        bundle.file("other.json")


def test_a_file_can_be_copied_from_a_path(tmp_path):
    (tmp_path / "source").write_bytes(b"weights")
    bundle = bundles.write(tmp_path / "a" / "b", manifest(), {"w.safetensors": tmp_path / "source"})
    assert bundle.file("w.safetensors").read_bytes() == b"weights"


@pytest.mark.parametrize(
    "damage, message",
    [
        (
            lambda f: (f / "model.safetensors").write_bytes(b"\1" + FILES["model.safetensors"][1:]),
            r"bundle 'tiny': model.safetensors is damaged: expected sha256 [0-9a-f]{8}, found [0-9a-f]{8}$",
        ),
        (lambda f: (f / "model.safetensors").write_bytes(b"short"), "has 5 bytes, expected 1280"),
        (lambda f: (f / "tokenizer.json").unlink(), "tokenizer.json is missing"),
        (lambda f: (f / MANIFEST).unlink(), "bundle.json is missing"),
        (lambda f: (f / MANIFEST).write_text("{"), "is not JSON"),
        (lambda f: (f / MANIFEST).write_bytes(b"\xff\xfe"), "is not JSON"),
        (lambda f: (f / MANIFEST).write_text("[" * 100_000), "is not JSON"),
        (lambda f: (f / MANIFEST).write_text("[]"), "expected a JSON object"),
        (lambda f: (f / MANIFEST).write_text(" " * (2**20 + 1)), "larger than the accepted"),
        (lambda f: edit(f, lambda d: d.pop("system")), "'system' is missing"),
        (lambda f: edit(f, lambda d: d.update(tasks="all")), "'tasks' must be a list of texts, got 'all'"),
        (lambda f: edit(f, lambda d: d.update(prompt_version=True)), "'prompt_version' must be a whole number"),
        (lambda f: edit(f, lambda d: d["files"]["tokenizer.json"].update(bytes=-1)), "must be a file size, got -1"),
        (lambda f: edit(f, lambda d: d["files"]["tokenizer.json"].update(bytes=10**15)), "must be a file size"),
        (lambda f: edit(f, lambda d: d["files"]["tokenizer.json"].update(sha256="12")), "must be 64 hex digits"),
        (lambda f: edit(f, lambda d: d["files"].update({"tokenizer.json": 3})), "must be a file size"),
    ],
)
def test_damage_is_a_short_fact(folder, damage, message):
    damage(folder)
    with pytest.raises(BundleError, match=message) as error:
        bundles.load(folder)
    said = str(error.value)
    assert "bundle 'tiny'" in said and len(said) < 200
    assert not any(remedy in said.lower() for remedy in ("reinstall", "choose", "--bundle"))


def test_another_format_is_named(folder):
    edit(folder, lambda d: d.update(format=2))
    with pytest.raises(BundleError, match="reads bundle format 1, found 2"):
        bundles.load(folder)


@pytest.mark.parametrize("name", ["../evil.json", "a/b.json", "a\\b.json", "/etc/x.json", ".hidden.json", "", MANIFEST])
def test_names_cannot_leave_the_folder(folder, tmp_path, name):
    with pytest.raises(BundleError, match="not a plain file name"):
        bundles.write(tmp_path / "new", manifest(), {name: b""})
    edit(folder, lambda d: d["files"].update({name: {"sha256": "0" * 64, "bytes": 0}}))
    with pytest.raises(BundleError, match="not a plain file name"):
        bundles.load(folder)


def test_pickles_are_no_part_of_a_bundle(tmp_path):
    with pytest.raises(BundleError, match="model.pt is of a kind"):
        bundles.write(tmp_path / "new", manifest(), {"model.pt": b""})
    assert not os.listdir(tmp_path)


def test_missing_folder():
    with pytest.raises(BundleError, match="no bundle folder"):
        bundles.load("/nowhere/at/all")


def test_writing_is_all_or_nothing(folder, tmp_path):
    before = (folder / MANIFEST).read_bytes()
    with pytest.raises(BundleError, match="exists already; pass replace"):
        bundles.write(folder, manifest(), FILES)
    with pytest.raises(BundleError, match="'tasks'"):
        bundles.write(folder, manifest(tasks=3), FILES, replace=True)
    with pytest.raises(OSError):
        bundles.write(folder, manifest(), {"x.json": tmp_path / "nowhere"}, replace=True)
    assert (folder / MANIFEST).read_bytes() == before and os.listdir(tmp_path) == ["tiny"]
    assert bundles.write(folder, manifest(version="2"), FILES, replace=True).version == "2"
    assert os.listdir(tmp_path) == ["tiny"]


def test_a_folder_that_is_no_bundle_is_not_replaced(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(BundleError, match="not a bundle"):
        bundles.write(tmp_path / "mine", manifest(), FILES, replace=True)
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_available_lists_good_and_broken(folder, tmp_path):
    bundles.write(tmp_path / "broken", manifest(), FILES)
    (tmp_path / "broken" / "tokenizer.json").unlink()
    (tmp_path / "unrelated").mkdir()
    for folders in ([tmp_path], [tmp_path, folder, tmp_path / "nowhere"]):
        broken, good = bundles.available(folders)
        assert (broken.path.name, broken.bundle) == ("broken", None) and "tokenizer.json is missing" in broken.problem
        assert good.bundle.name == "tiny" and not good.problem


def test_the_committed_bundle_is_whole():
    if not bundles.default_bundle_path().exists():
        pytest.skip("backend/weights/starter is not here yet")
    bundle = bundles.load(bundles.default_bundle_path())
    assert sum(f.bytes for f in bundle.files.values()) <= 16 * 2**20
