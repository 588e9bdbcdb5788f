"""Building a data set: one bad file costs itself alone, a stopped build goes on, same inputs give the same bytes."""

import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from backend.motion import rotations as rot
from backend.motion.features import humanml263
from backend.motion.features.normalisation import Normalisation
from tests.training.data.made_source import Made, motion
from training.data import build, chunk


def folder_of(path, **items):
    path.mkdir(parents=True, exist_ok=True)
    for name, frames in items.items():
        (path / f"{name}.txt").write_text(str(frames))
    return path


def contents(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    items = {"good_1": 60, "good_2": 90, "short_1": 6, "two_1": 40, "bad_1": 0, "breaks_1": 5, "rows_1": 50}
    return Made(folder_of(tmp_path_factory.mktemp("made"), **items))


@pytest.fixture(scope="module")
def built(source, tmp_path_factory):
    return build.build(tmp_path_factory.mktemp("sets") / "set", [source])


def test_every_good_take_is_there(built):
    found = {r.id: (r.subject, r.label, r.frames, [c.caption for c in r.captions]) for r in built.records}
    assert found == {
        "good_1": ("s2", "good_1", 60, ["a person sways"]),
        "good_2": ("s2", "good_2", 90, ["a person sways"]),
        "rows_1": ("s1", "turn", 73, ["a person turns"]),
        "two_1_a": ("s1", "walk 01", 40, []),
        "two_1_c": ("s1", "walk 02", 40, []),
    }
    by_id = {r.id: r.split for r in built.records}
    assert by_id["rows_1"] == "test" and by_id["two_1_a"] == by_id["two_1_c"]


def test_what_is_left_out_is_listed_with_file_and_reason(built):
    found = {s.id: (s.file, s.reason) for s in built.index.skipped}
    assert set(found) == {"short_1", "bad_1", "breaks_1", "two_1_b"}
    assert found["bad_1"] == ("bad_1.txt", "bad_1.txt: has no frames")
    assert "6 sound frames" in found["short_1"][1]
    assert found["two_1_b"] == ("two_1.txt", "no bones")
    reason = found["breaks_1"][1]
    assert "KeyError" in reason and "made_source.py:" in reason and "report" in reason


def test_motions_come_back(built):
    record = next(r for r in built.records if r.id == "good_2")
    there, wanted = built.motion(record), motion(90)
    assert there.fps == 30 and there.skeleton.kind == "smpl22"
    assert rot.angle_between(there.rotations, wanted.rotations).max() < 1e-4
    np.testing.assert_allclose(there.root, wanted.root, atol=1e-5)
    assert there.contacts.any()
    part = built.arrays(record, 10, 20)
    np.testing.assert_array_equal(part["root"], built.arrays(record)["root"][10:20])


def test_only_the_index_and_its_shards_are_left(built):
    names = {p.name for p in built.folder.iterdir()}
    assert names == {"index.json"} | {s.file for s in built.index.shards}
    assert [p.name for p in built.folder.parent.iterdir()] == ["set"]
    built.verify()


def test_origins_and_terms_are_kept(built):
    (origin,) = json.loads((built.folder / "index.json").read_text())["sources"]
    assert origin == {"name": "made", "title": "Made motions", "url": "nowhere", "licence": "CC0", "items": 7}


def test_a_second_build_is_the_same_to_the_bit_with_any_number_of_workers(source, built, tmp_path):
    again = build.build(tmp_path / "set", [source], workers=2)
    assert contents(again.folder) == contents(built.folder)


def test_published_rows_are_kept_to_the_bit_in_their_own_representation(source, tmp_path):
    rows = build.build(tmp_path / "rows", [source], "humanml263")
    record = next(r for r in rows.records if r.id == "rows_1")
    np.testing.assert_array_equal(rows.arrays(record)["rows"], humanml263.encode(motion(50, 20)))
    other = next(r for r in rows.records if r.id == "good_2")
    assert other.frames == 59 and rows.motion(other).fps == 20  # 90 frames at 30 fps are 60 at 20, one is used up
    train = np.concatenate([rows.arrays(r)["rows"] for r in rows.of("train")])
    normalisation = rows.normalisation
    assert isinstance(normalisation, Normalisation)
    assert normalisation.fingerprint == rows.index.normalisation["fingerprint"]
    np.testing.assert_allclose(normalisation.mean, train.mean(axis=0), atol=1e-5)
    ric = humanml263.LAYOUT["positions"]
    np.testing.assert_allclose(normalisation.std[ric], train[:, ric].astype(float).std(axis=0).mean(), rtol=1e-4)


def test_a_stopped_build_goes_on_where_it_was(tmp_path):
    source = Made(folder_of(tmp_path / "made", good_1=30, good_2=40, good_3=50), together=1)
    whole = build.build(tmp_path / "whole", [source])
    work = tmp_path / "set.building"

    def stop(done, total, left):
        if len(list(work.glob("*.json"))) >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build.build(tmp_path / "set", [source], progress=stop)
    assert not (tmp_path / "set").exists() and not multiprocessing.active_children()
    kept = {p.stem: (work / f"{p.stem}.safetensors").stat().st_mtime_ns for p in work.glob("*.json")}
    assert len(kept) >= 2 and "made-00000" in kept
    (source.folder / "good_3.txt").write_text("55")  # changed since: made anew
    seen = []
    there = build.build(tmp_path / "set", [source], progress=lambda *said: seen.append(said))
    assert not work.exists() and seen[0][0] >= 2 and seen[-1] == (3, 3, 0)
    for name in kept.keys() - {"made-00002"}:
        assert (there.folder / f"{name}.safetensors").stat().st_mtime_ns == kept[name]
    assert [r.frames for r in there.records] == [30, 40, 55]
    (source.folder / "good_3.txt").write_text("50")
    again = build.build(tmp_path / "again", [source])
    assert contents(again.folder) == contents(whole.folder)


def made_chunk(tmp_path, **items):
    """A finished chunk, its folder and its source."""
    source = Made(folder_of(tmp_path / "made", **(items or {"good_1": 30})))
    work = tmp_path / "work"
    work.mkdir()
    (one,) = build._cut(source, tuple(source.items()), "motion")
    journal = chunk.make(work, one)
    assert chunk.finished(work, one) == journal
    return work, one, source


def test_what_bears_on_all_items_makes_their_chunks_anew(tmp_path):
    """A list of splits that changed, or the committed sentences: else clips would keep the split that they had."""
    work, one, source = made_chunk(tmp_path)
    (source.folder / "train.lst").write_text("good_1")
    assert chunk.finished(work, one) is None


@pytest.mark.parametrize("damage", ["cut", "gone", "one bit"])
def test_a_shard_that_is_not_whole_is_made_again(tmp_path, damage):
    """A power cut leaves names without their bytes."""
    work, one, _ = made_chunk(tmp_path)
    path = work / f"{one.name}.safetensors"
    data = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(data[:-20])
    else:
        data[-1] ^= 1
        path.write_bytes(data)
    assert chunk.finished(work, one) is None


@pytest.mark.parametrize("text", ["", "[1]", "{}", "[" * 100_000, '{"signature": 1}', "cut"])
def test_a_damaged_journal_is_made_again(tmp_path, text):
    work, one, _ = made_chunk(tmp_path)
    path = work / f"{one.name}.json"
    path.write_text(path.read_text()[:-30] if text == "cut" else text)
    assert chunk.finished(work, one) is None


def test_a_journal_cannot_name_files_elsewhere(tmp_path):
    work, one, _ = made_chunk(tmp_path)
    path = work / f"{one.name}.json"
    journal = json.loads(path.read_text())
    journal["shard"]["file"] = "../../etc/passwd"
    path.write_text(json.dumps(journal))
    assert chunk.finished(work, one) is None


def test_what_was_missing_is_tried_again(tmp_path):
    """The remedy that an error names must help the next time."""
    source = Made(folder_of(tmp_path / "made", lacks_1=30, good_1=30))
    (one,) = build._cut(source, tuple(source.items()), "motion")
    work = tmp_path / "set.building"
    work.mkdir()
    assert [s.reason for s in chunk.make(work, one).skipped] == ["the tool is not there"]
    (source.folder / "tool").touch()
    there = build.build(tmp_path / "set", [source])
    assert [r.id for r in there.records] == ["good_1", "lacks_1"] and not there.index.skipped


def test_nothing_is_left_of_a_build_that_could_read_nothing(tmp_path):
    source = Made(folder_of(tmp_path / "made", lacks_1=30))
    with pytest.raises(ValueError, match="no clip could be read: lacks_1.txt: the tool is not there"):
        build.build(tmp_path / "set", [source])
    assert [p.name for p in tmp_path.iterdir()] == ["made"]


def test_the_work_folder_of_somebody_else_is_not_touched(tmp_path):
    source = Made(folder_of(tmp_path / "made", good_1=30))
    precious = tmp_path / "set.building" / "thesis.txt"
    precious.parent.mkdir()
    precious.write_text("years of work")
    with pytest.raises(ValueError, match=r"set.building is needed for the work, but holds 'thesis.txt': move it away"):
        build.build(tmp_path / "set", [source])
    assert precious.read_text() == "years of work"


def test_two_builds_of_one_set_do_not_meet(tmp_path):
    source = Made(folder_of(tmp_path / "made", good_1=30))
    (tmp_path / "set.building").mkdir()
    with FileLock(tmp_path / "set.building" / build.LOCK):
        with pytest.raises(ValueError, match="another build is at work on"):
            build.build(tmp_path / "set", [source])
    assert len(build.build(tmp_path / "set", [source]).records) == 1


SLOW_BUILD = """
import signal
import sys
from pathlib import Path
from tests.training.data.made_source import Made
from training.data import build
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell runs in the background ignores it
    build.build(Path(sys.argv[2]), [Made(Path(sys.argv[1]), together=4)], workers=2)
"""


@pytest.fixture
def running(tmp_path):
    """A build of its own process over slow items, once its first chunk is finished."""
    items = {f"slow_{n:02}": 20 for n in range(40)}
    made = folder_of(tmp_path / "made", **items)
    script = tmp_path / "slow_build.py"
    script.write_text(SLOW_BUILD)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, str(script), str(made), str(tmp_path / "set")]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until = time.monotonic() + 60
    while not list((tmp_path / "set.building").glob("*.json")):
        assert process.poll() is None and time.monotonic() < until, process.communicate()[1]
        time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_a_build_that_is_killed_and_it_goes_on(running, tmp_path, sign):
    workers = [int(pid) for pid in _children(running.pid)]
    assert workers
    if sign == signal.SIGINT:
        os.killpg(running.pid, sign)  # Ctrl-C reaches all of them
    else:
        os.kill(running.pid, sign)
    running.wait(timeout=60)  # the machine may be busy with other tests
    until = time.monotonic() + 30
    while any(_alive(pid) for pid in workers):
        assert time.monotonic() < until, "a worker goes on without its build"
        time.sleep(0.05)
    finished = len(list((tmp_path / "set.building").glob("*.json")))
    assert 0 < finished < 10
    seen = []
    source = Made(tmp_path / "made", together=4)
    there = build.build(tmp_path / "set", [source], workers=2, progress=lambda *said: seen.append(said))
    assert seen[0] == (4 * finished, 40, 0) and len(there.records) == 40


def _children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return found.stdout.split()


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except OSError:
        return False


def test_a_file_on_which_the_process_dies_costs_itself_alone(tmp_path):
    source = Made(folder_of(tmp_path / "made", a_1=30, dies_1=30, dies_2=30, good_1=30, good_2=40), together=2)
    there = build.build(tmp_path / "set", [source], workers=2)
    assert [r.id for r in there.records] == ["a_1", "good_1", "good_2"]
    assert {s.id: s.reason for s in there.index.skipped} == dict.fromkeys(
        ("dies_1", "dies_2"), "the process that read it died"
    )


def test_the_first_of_two_takes_with_one_id_stays(tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "made", good_1=30, good_2=40)
    twice = [*Made(folder).items(), *Made(folder).items()]
    monkeypatch.setattr(Made, "items", lambda self: iter(twice))
    for items in (64, 1):  # both in one chunk, each in its own
        there = build.build(tmp_path / f"set_{items}", [Made(folder, together=items)])
        assert [r.id for r in there.records] == ["good_1", "good_2"]
        assert {(s.id, s.reason) for s in there.index.skipped} == {
            ("good_1", "another take of this source has the same id"),
            ("good_2", "another take of this source has the same id"),
        }


def test_what_cannot_be_built_is_said(source, built, tmp_path):
    with pytest.raises(ValueError, match="is there already; delete it or give another name"):
        build.build(built.folder, [source])
    with pytest.raises(ValueError, match="unknown representation 'hml'; known: motion"):
        build.build(tmp_path / "x", [source], "hml")
    with pytest.raises(ValueError, match="nothing to read in .*empty"):
        build.build(tmp_path / "x", [Made(folder_of(tmp_path / "empty"))])
    with pytest.raises(ValueError, match="no clip could be read: bad_1.txt: bad_1.txt: has no frames"):
        build.build(tmp_path / "x", [Made(folder_of(tmp_path / "bad", bad_1=0))])
    assert not (tmp_path / "x").exists()
