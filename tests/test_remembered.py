"""A bundle's files are hashed once and again only when they change."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from backend import bundles
from backend.bundles import MANIFEST, BundleError, Remembered, reading
from backend.bundles.remembered import MAX_BUNDLES, MAX_BYTES
from tests.test_bundles import FILES, manifest

FIRST = next(iter(FILES))


@pytest.fixture
def folder(tmp_path):
    return aged(bundles.write(tmp_path / "tiny", manifest(), FILES).path)


def aged(folder: Path, by_s: float = 60.0) -> Path:
    """The files as if they had been written a while ago."""
    for file in folder.iterdir():
        age(file, by_s)
    return folder


def age(file: Path, by_s: float) -> None:
    changed = file.stat().st_mtime_ns - int(by_s * 1e9)
    os.utime(file, ns=(changed, changed))


@pytest.fixture
def hashed(monkeypatch):
    """The names of the files whose hash was computed."""
    names = []
    compare = reading._compare

    def counted(file, *rest):
        names.append(Path(file.name).name)
        return compare(file, *rest)

    monkeypatch.setattr(reading, "_compare", counted)
    return names


def loaded(folder, remembered, hashed) -> list[str]:
    """Which files were hashed when the bundle was loaded."""
    hashed.clear()
    seen = []
    bundles.load(folder, seen.append, remembered)
    assert seen[-1] == 1.0 and seen == sorted(seen)
    return list(hashed)


def test_without_a_memory_everything_is_hashed_every_time(folder, hashed):
    for _ in range(2):
        assert loaded(folder, None, hashed) == list(FILES)


@pytest.mark.parametrize("kept", [True, False])
def test_what_was_right_is_not_read_again(folder, tmp_path, hashed, kept):
    memory = tmp_path / "cache" / "hashes.json" if kept else None
    remembered = Remembered(memory)
    assert loaded(folder, remembered, hashed) == list(FILES)
    assert loaded(folder, remembered, hashed) == []
    # another process
    assert loaded(folder, Remembered(memory), hashed) == ([] if kept else list(FILES))
    if kept:
        assert os.listdir(memory.parent) == ["hashes.json"], "no temporary file stays"


def test_a_touched_file_is_hashed_again_and_only_that(folder, hashed):
    remembered = Remembered()
    loaded(folder, remembered, hashed)
    age(folder / "tokenizer.json", 5.0)
    assert loaded(folder, remembered, hashed) == ["tokenizer.json"]
    assert loaded(folder, remembered, hashed) == []


def test_a_changed_file_of_the_same_size_is_found_and_never_remembered(folder, hashed, tmp_path):
    memory = tmp_path / "hashes.json"
    remembered = Remembered(memory)
    loaded(folder, remembered, hashed)
    weights = folder / "model.safetensors"
    weights.write_bytes(b"\1" + FILES["model.safetensors"][1:])
    age(weights, 30.0)
    for known in (remembered, remembered, Remembered(memory)):
        with pytest.raises(BundleError, match="model.safetensors is damaged"):
            bundles.load(folder, remembered=known)
    weights.write_bytes(FILES["model.safetensors"])
    age(weights, 20.0)
    assert loaded(folder, remembered, hashed) == ["model.safetensors"]


def test_a_file_just_written_is_not_remembered(folder, hashed):
    """It could change once more within the same tick of the file system's clock."""
    remembered = Remembered()
    (folder / "tokenizer.json").write_bytes(FILES["tokenizer.json"])
    loaded(folder, remembered, hashed)
    assert loaded(folder, remembered, hashed) == ["tokenizer.json"]


def test_another_manifest_is_another_bundle(folder, hashed):
    remembered = Remembered()
    loaded(folder, remembered, hashed)
    other = json.loads((folder / MANIFEST).read_text())
    other["files"]["tokenizer.json"]["sha256"] = "0" * 64
    (folder / MANIFEST).write_text(json.dumps(other))
    with pytest.raises(BundleError, match="tokenizer.json is damaged: expected sha256 00000000"):
        bundles.load(folder, remembered=remembered)


def test_each_folder_is_remembered_on_its_own(folder, tmp_path, hashed):
    remembered = Remembered(tmp_path / "hashes.json")
    other = aged(bundles.write(tmp_path / "other", manifest(), FILES).path)
    for where in (folder, other):
        assert loaded(where, remembered, hashed) == list(FILES)
    for where in (folder, other):
        assert loaded(where, Remembered(tmp_path / "hashes.json"), hashed) == []


def test_the_memory_is_bounded(folder, tmp_path):
    remembered = Remembered(tmp_path / "hashes.json")
    for i in range(MAX_BUNDLES + 5):
        remembered.keep(tmp_path / str(i), "0" * 64, {"a.json": (1, i, i)})
    kept = json.loads((tmp_path / "hashes.json").read_text())
    assert len(kept) == MAX_BUNDLES and str(tmp_path / str(MAX_BUNDLES + 4)) in kept and str(tmp_path / "0") not in kept


def test_a_file_that_changes_while_it_is_hashed_is_not_remembered(folder, hashed):
    remembered, file = Remembered(), folder / FIRST

    def change(fraction):
        if hashed == [FIRST]:
            age(file, 60.0)

    bundles.load(folder, change, remembered)
    assert FIRST in loaded(folder, remembered, hashed)


def test_a_copy_that_keeps_size_and_time_is_hashed(folder, hashed, tmp_path):
    remembered = Remembered()
    loaded(folder, remembered, hashed)
    copy = tmp_path / "copy"
    shutil.copy2(folder / FIRST, copy)
    os.replace(copy, folder / FIRST)
    assert loaded(folder, remembered, hashed) == [FIRST]


def entry(folder, **changes) -> bytes:
    """A memory that claims all is known, with something odd in it."""
    states = {}
    for name in FILES:
        found = (folder / name).stat()
        states[name] = [found.st_size, found.st_mtime_ns, found.st_ctime_ns]
    whole = {"manifest": hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest(), "files": states}
    return json.dumps({str(folder): whole | changes}).encode()


@pytest.mark.parametrize(
    "content",
    [
        lambda f: b"",
        lambda f: b"{",
        lambda f: b"\xff\xfe\0",
        lambda f: b"[]",
        lambda f: b"[" * 100_000,
        lambda f: b'{"a": ' * 900 + b"1" + b"}" * 900,
        lambda f: entry(f) + b" " * MAX_BYTES,
        lambda f: json.dumps({str(f): 3}).encode(),
        lambda f: entry(f, files=None),
        lambda f: entry(f, files=dict.fromkeys(FILES)),
        lambda f: entry(f, files={name: [1280.5, "now", 1] for name in FILES}),
        lambda f: entry(f, manifest=["x"]),
        lambda f: entry(f, more=1),
        lambda f: entry(f)[:-30],
    ],
)
def test_a_memory_that_is_none_is_nothing_remembered(folder, tmp_path, hashed, content):
    memory = tmp_path / "hashes.json"
    memory.write_bytes(content(folder))
    assert loaded(folder, Remembered(memory), hashed) == list(FILES)
    assert loaded(folder, Remembered(memory), hashed) == [], "and it is replaced by a right one"


def test_a_right_memory_is_believed(folder, tmp_path, hashed):
    (tmp_path / "hashes.json").write_bytes(entry(folder))
    assert loaded(folder, Remembered(tmp_path / "hashes.json"), hashed) == []


@pytest.mark.parametrize("place", ["folder", "under a file"])
def test_where_it_cannot_be_written_it_lasts_as_long_as_the_process(folder, tmp_path, hashed, place):
    (tmp_path / "there").mkdir() if place == "folder" else (tmp_path / "there").write_bytes(b"mine")
    memory = tmp_path / "there" if place == "folder" else tmp_path / "there" / "hashes.json"
    remembered = Remembered(memory)
    assert loaded(folder, remembered, hashed) == list(FILES)
    assert loaded(folder, remembered, hashed) == []
    assert loaded(folder, Remembered(memory), hashed) == list(FILES)
    assert sorted(os.listdir(tmp_path)) == ["there", "tiny"], "no temporary file stays"


def test_a_load_that_is_stopped_remembers_nothing(folder, hashed):
    remembered = Remembered()

    def stop(fraction):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bundles.load(folder, stop, remembered)
    assert loaded(folder, remembered, hashed) == list(FILES)


WRITER = """
import sys
from pathlib import Path
from backend.bundles import Remembered
for i in range(200):
    Remembered(Path(sys.argv[1])).keep(Path(sys.argv[2]), "0" * 64, {"a.json": (i, 1, 1), "b.json": (i, 1, 1)})
"""


def test_processes_that_share_a_memory_never_damage_it(tmp_path):
    memory = tmp_path / "hashes.json"
    root = Path(bundles.__file__).resolve().parents[2]
    commands = [[sys.executable, "-c", WRITER, memory, tmp_path / name] for name in ("one", "two")]
    running = [subprocess.Popen(command, cwd=root) for command in commands]
    done = threading.Event()
    damaged = []

    def watch():
        while not done.wait(0.001):
            text = memory.read_text() if memory.exists() else "{}"
            try:
                json.loads(text)
            except ValueError:
                damaged.append(text)

    watcher = threading.Thread(target=watch)
    watcher.start()
    codes = [process.wait(60) for process in running]
    done.set()
    watcher.join()
    assert codes == [0, 0] and not damaged and os.listdir(tmp_path) == ["hashes.json"]
    found = Remembered(memory)
    assert any(found.files(tmp_path / name, "0" * 64).get("a.json") == (199, 1, 1) for name in ("one", "two"))
