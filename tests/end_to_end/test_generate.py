"""``python -m backend generate`` with a bundle of random weights: from the prompt to the file."""

import json
import shutil
from fractions import Fraction

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion.formats import bvh, npz
from backend.protocol import Report
from tests.end_to_end.process import run

ORDER = ("--seconds", 2, "--fps", 24, "--seed", 3, "--takes", 2, "--device", "cpu")


def generate(bundle, out):
    done = run("generate", "a person walks", *ORDER, "--bundle", bundle, "--out", out)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1 and done.stdout.endswith("\n")
    return json.loads(done.stdout), done.stderr


@pytest.fixture(scope="module")
def made(tiny_bundle, tmp_path_factory):
    """(report, progress, file) of one run."""
    out = tmp_path_factory.mktemp("out") / "x.npz"
    report, progress = generate(tiny_bundle, out)
    return report, progress, out


def test_the_report_is_one_line_of_json(made):
    report, progress, out = made
    assert report["out"] == str(out)
    known = Report.from_dict(report)
    assert (known.bundle, known.engine, known.seed, known.frames) == ("tiny 0", "numpy", 3, 48)
    assert len(known.scores) == 2 and known.scores[known.chosen] == max(known.scores)
    assert "walk" in known.reason
    for stage in ("Checking the bundle", "Loading the model", "Generating", "Decoding", "[100 %] Done"):
        assert stage in progress


def test_the_npz_reads_back(made):
    motion = npz.read(made[2])
    assert len(motion) == 48 and motion.fps == Fraction(24) and motion.skeleton.kind == "smpl22"
    assert np.allclose(motion.root[0, [0, 2]], 0, atol=1e-9)
    assert abs(kinematics.heading(motion)[0]) < 1e-3


def test_the_same_seed_writes_the_same_file(made, tiny_bundle, tmp_path):
    report, _ = generate(tiny_bundle, tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == made[2].read_bytes()
    timeless = {k: v for k, v in report.items() if k not in ("out", "stage_seconds")}
    assert timeless == {k: made[0][k] for k in timeless}


def test_a_bvh_holds_the_same_motion(made, tiny_bundle, tmp_path):
    out = tmp_path / "x.bvh"
    generate(tiny_bundle, out)
    motion, expected = bvh.read(out), npz.read(made[2])
    assert len(motion) == 48 and float(motion.fps) == pytest.approx(24, rel=1e-5)
    assert list(tmp_path.iterdir()) == [out], "no temporary file is left"
    ours, theirs = kinematics.joint_positions(expected), kinematics.joint_positions(motion)
    names = [motion.skeleton.index(name) for name in expected.skeleton.names]
    scale = 1.0 if np.abs(theirs).max() < 10 else 0.01  # a BVH may be in centimetres
    assert np.abs(scale * theirs[:, names] - ours).max() < 1e-3


def order(bundle, *arguments):
    done = run(*arguments, "--device", "cpu", "--bundle", bundle)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_pose_and_motions_are_taken_from_files(made, tiny_bundle, tmp_path):
    given, out = made[2], tmp_path / "long.npz"
    report = order(tiny_bundle, "generate", "a person walks", "--key", f"{given}@0.5", "--seconds", 1, "--out", out)
    assert (report["task"], report["frames"], report["made"]) == ("fill", 30, None)
    between = ("--before", given, "--after", given, "--gap", 1, "--fps", 24, "--takes", 1)
    report = order(tiny_bundle, "generate", *between, "--out", out)
    assert (report["task"], report["made"]) == ("fill", [48, 72])
    whole, clip = npz.read(out), npz.read(given)
    before, after = whole[:48], whole[72:]
    assert np.allclose(before.root, clip.root, atol=1e-12) and np.allclose(before.rotations, clip.rotations, atol=1e-12)
    # it is set down where the way leads: the same motion at another place, facing elsewhere
    assert np.allclose(after.rotations[:, 1:], clip.rotations[:, 1:], atol=1e-12)
    assert np.allclose(after.root[:, 1], clip.root[:, 1], atol=1e-12)


def test_what_was_generated_is_described(made, tiny_bundle):
    told = order(tiny_bundle, "describe", made[2], "--seed", 3)
    assert told["sentence"].startswith("A person ") and told["facts"]["seconds"] == pytest.approx(2.0)
    assert 1 <= len(told["captions"]) <= 3 and order(tiny_bundle, "describe", made[2], "--seed", 3) == told


def _flip_a_byte(folder):
    file = folder / "language_model.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize(
    "damage, message",
    [
        (_flip_a_byte, "language_model.safetensors is damaged: expected sha256"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json is missing"),
        (lambda folder: (folder / "bundle.json").unlink(), "bundle.json is missing: the folder is not a bundle"),
        (lambda folder: shutil.rmtree(folder), "there is no bundle folder"),
    ],
)
def test_a_broken_bundle_is_one_line_and_no_file(damage, message, tiny_bundle, tmp_path):
    folder = tmp_path / "broken"
    shutil.copytree(tiny_bundle, folder)
    damage(folder)
    done = run("generate", "a person walks", "--bundle", folder, "--out", tmp_path / "x.npz", hidden=())
    lines = [line for line in done.stderr.splitlines() if not line.startswith("[")]
    assert done.returncode == 2 and done.stdout == "" and len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ") and message in lines[0] and "broken" in lines[0]
    assert lines[0].endswith(". Name another bundle with --bundle.")
    assert not (tmp_path / "x.npz").exists()


@pytest.mark.parametrize(
    "options, message",
    [
        ((), "bundle tiny runs on torch only, and this Python "),
        (("--engine", "numpy"), "bundle tiny runs on torch, not on numpy"),
        (("--engine", "torch"), "the torch engine was asked for, and this Python "),
    ],
)
def test_without_torch_the_message_says_what_to_choose(options, message, torch_bundle, tmp_path):
    out = tmp_path / "x.npz"
    done = run("generate", "walk", *options, "--bundle", torch_bundle, "--out", out, hidden=("torch",))
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1 and done.stdout == "" and "Traceback" not in done.stderr and not out.exists()
    assert last.startswith(f"error: {message}") and "GB" in last, "with the size of what to install"
    assert last.endswith(
        ". Use a Python with torch (README, 'With torch'); what numpy can run needs no --engine and --device."
    )


def test_bundles_are_listed_without_heavy_imports(tiny_bundle, tmp_path):
    shutil.copytree(tiny_bundle, tmp_path / "fine")
    shutil.copytree(tiny_bundle, tmp_path / "torn")
    (tmp_path / "torn" / "tokenizer.json").unlink()
    done = run("bundles", "--bundle", tmp_path, hidden=())
    assert done.returncode == 0 and done.stderr == ""
    rows = {row["folder"]: row for row in map(json.loads, done.stdout.splitlines())}
    fine, torn = rows[str(tmp_path / "fine")], rows[str(tmp_path / "torn")]
    assert fine["title"] == "tiny 0" and fine["problem"] == "" and fine["system"] == "motiongpt2"
    assert "tokenizer.json is missing" in torn["problem"]
