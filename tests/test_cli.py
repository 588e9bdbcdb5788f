import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backend import bundles, cli
from backend.engines import EngineError
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from backend.protocol import Report

ROOT = Path(__file__).resolve().parents[1]


class FakeSystem:
    def generate(self, request, progress, cancelled):
        if "crash" in request.segments[0].text:
            raise RuntimeError("two\nlines")
        progress("Generating", 1.0)
        frames = request.frames or 30
        rotations = np.zeros((frames, 22, 4))
        rotations[..., 0] = 1.0
        motions = [
            Motion(canonical(), np.full((frames, 3), float(i)), rotations, request.fps) for i in range(request.takes)
        ]
        report = Report("fake 1", "fake", "none", "cpu", request.seed, frames, chosen=request.takes - 1, scores=(0.5,))
        return motions, report


def fake_loader(engine, device, threads, remembered):
    def load(folder, progress):
        progress("Loading", 1.0)
        if folder != bundles.default_bundle_path():
            bundles.load(folder)
        return FakeSystem()

    return load


def run(*argv):
    return cli.main([str(a) for a in argv], make_loader=fake_loader)


@pytest.fixture
def npz(monkeypatch):
    """What was handed to the writer."""
    formats = pytest.importorskip("backend.motion.formats.npz")
    written = []
    monkeypatch.setattr(formats, "write", lambda path, motion: written.append((path, motion)))
    return written


def test_generate_writes_the_chosen_take_and_prints_the_report(npz, capsys, tmp_path):
    out = tmp_path / "walk.npz"
    code = run("generate", "a person walks", "--seconds", 2, "--fps", "23.976", "--seed", 7, "--takes", 3, "--out", out)
    printed = capsys.readouterr()
    assert code == 0
    report = json.loads(printed.out)
    assert printed.out.count("\n") == 1 and report["out"] == str(out)
    assert (report["seed"], report["frames"], report["chosen"], report["scores"]) == (7, 48, 2, [0.5])
    ((path, motion),) = npz
    assert path == out and motion.root[0, 0] == 2.0 and motion.fps.denominator == 1001
    assert "[100 %] Generating" in printed.err


@pytest.mark.parametrize("fps, frames", [("24", 24), ("24000/1001", 24), ("60", 60), ("29.97", 30), ("12.5", 12)])
def test_rates(npz, capsys, tmp_path, fps, frames):
    assert run("generate", "walk", "--seconds", 1, "--fps", fps, "--out", tmp_path / "x.npz") == 0
    assert json.loads(capsys.readouterr().out)["frames"] == frames


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["generate"], "required"),
        (["generate", "walk"], "--out"),
        (["generate", "", "--out", "x.npz"], "the prompt is empty"),
        (["generate", "x" * 501, "--out", "x.npz"], "501 characters"),
        (["generate", "walk", "--seconds", "0", "--out", "x.npz"], "between 0.2 and 10, got 0.0"),
        (["generate", "walk", "--seconds", "nan", "--out", "x.npz"], "between 0.2 and 10"),
        (["generate", "walk", "--seconds", "long", "--out", "x.npz"], "--seconds"),
        (["generate", "walk", "--fps", "0", "--out", "x.npz"], "between 1 and 1000"),
        (["generate", "walk", "--fps", "24/0", "--out", "x.npz"], "--fps"),
        (["generate", "walk", "--fps", "fast", "--out", "x.npz"], "such as 24, 23.976 or 24000/1001, got 'fast'"),
        (["generate", "walk", "--takes", "17", "--out", "x.npz"], "between 1 and 16, got 17"),
        (["generate", "walk", "--seed", "-1", "--out", "x.npz"], "seed"),
        (["generate", "walk", "--threads", "0", "--out", "x.npz"], "--threads 0"),
        (["generate", "walk", "--engine", "gpu", "--out", "x.npz"], "--engine: invalid choice: 'gpu' (choose from"),
        (["serve", "--engine", "gpu"], "--engine: invalid choice: 'gpu' (choose from"),
        (["serve", "--idle", "0"], "--idle: expected seconds, at most 604800, got '0'"),
        (["serve", "--idle", "nan"], "got 'nan'"),
        (["serve", "--idle", "soon"], "got 'soon'"),
        (["generate", "walk", "--idle", "5", "--out", "x.npz"], "--idle"),
        (["generate", "walk", "--out", "x.fbx"], "ends in .npz or .bvh"),
        (["generate", "walk", "--out", "/nowhere/at/all/x.npz"], "cannot be written"),
        (["generate", "walk", "--bundle", "/nowhere", "--out", "x.npz"], "no bundle folder"),
        (["bundles", "--bundle", "/nowhere"], "no folder /nowhere"),
        (["dance"], "invalid choice"),
        ([], "required"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    printed = capsys.readouterr()
    errors = [line for line in printed.err.splitlines() if not line.startswith("[")]
    assert printed.out == "" and len(errors) == 1 and message in errors[0] and errors[0].startswith("error: ")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_the_inputs_fault_is_exit_code_1(capsys, tmp_path):
    assert run("generate", "crash", "--out", tmp_path / "x.npz") == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: the backend failed: RuntimeError: two lines")


def test_a_missing_engine_is_named(monkeypatch, tmp_path):
    from backend.service import loading

    texts = dict.fromkeys(("name", "version", "system", "licence", "acknowledgement"), "x")
    empty = {"tasks": [], "training_data": [], "config": {}, "features": {}, "metrics": {}}
    manifest = texts | empty | {"engines": ["torch"], "prompt_version": 1}
    bundles.write(tmp_path / "b", manifest, {"a.json": b"{}"})
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    with pytest.raises(EngineError, match="runs on torch only, and this Python .* lacks torch; installing it takes"):
        loading.system_loader()(tmp_path / "b", lambda stage, fraction: None)


def test_the_real_command_keeps_stdout_for_the_report(tmp_path):
    """Errors and library prints go to stderr; a second look at the default bundle when it is there."""
    command = [sys.executable, "-m", "backend"]
    done = subprocess.run([*command, "generate", "", "--out", "x.npz"], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("error: the prompt is empty")
    with open(tmp_path / "report.json", "wb") as file:  # python -m backend generate ... > report.json
        to_file = [*command, "generate", "", "--out", "x.npz"]
        done = subprocess.run(to_file, stdout=file, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert done.returncode == 2 and done.stderr.startswith("error: the prompt is empty")
    listed = subprocess.run([*command, "bundles"], capture_output=True, text=True, cwd=ROOT)
    assert listed.returncode == 0 and all(json.loads(line)["folder"] for line in listed.stdout.splitlines())
