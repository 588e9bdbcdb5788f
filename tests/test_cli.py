import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backend import bundles, cli
from backend.engines import EngineError, OutOfMemory
from backend.motion import kinematics
from backend.motion.formats import bvh
from backend.motion.formats import npz as formats_npz
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from backend.protocol import Report
from backend.service.server import as_request_error

ROOT = Path(__file__).resolve().parents[1]


class FakeSystem:
    requests: list = []

    def describe(self, request, progress, cancelled):
        self.requests.append(request)
        return [f"caption {i}" for i in range(request.captions)], ["it is long"]

    def generate(self, request, progress, cancelled):
        self.requests.append(request)
        if "too much" in request.text:
            raise OutOfMemory("8 takes need 3.1 GiB, 2.0 GiB are free")
        if "crash" in request.text:
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


def fake_loader(engine, device, threads, remembered, base):
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
    written = []
    monkeypatch.setattr(formats_npz, "write", lambda path, motion: written.append((path, motion)))
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
        (
            ["generate", "walk", "--key", "nowhere.npz@1", "--out", "x.npz"],
            "nowhere.npz: cannot be opened (No such file",
        ),
        (["generate", "walk", "--key", "pose.fbx@1", "--out", "x.npz"], "pose.fbx is of no known kind"),
        (
            ["generate", "walk", "--key", "j.npz@-1", "--out", "x.npz"],
            "--key: expected FILE@SECONDS with seconds from 0",
        ),
        (["generate", "walk", "--key", "j.npz@soon", "--out", "x.npz"], "got 'j.npz@soon'"),
        (["generate", "--after", "w.npz", "--out", "x.npz"], "how long the way to --after is. Give --seconds."),
        (["generate", "--before", "w.npz", "--after", "w.npz", "--out", "x.npz"], "to --after is. Give --gap."),
        (["generate", "walk", "--task", "describe", "--out", "x.npz"], "Use: python -m backend describe FILE."),
        (
            ["generate", "walk", "--device", "gpu", "--out", "x.npz"],
            "--device: expected auto, cpu, cuda, cuda:1 ... or mps",
        ),
        (["generate", "walk", "--gap", "1", "--out", "x.npz"], "--gap is the time between two motions"),
        (["generate", "walk", "--top-p", "2", "--out", "x.npz"], "top_p must lie between 0 and 1, got 2.0"),
        (["generate", "walk", "--top-k", "-1", "--out", "x.npz"], "top_k must be a whole number"),
        (["describe", "nowhere.bvh"], "nowhere.bvh: cannot be opened (No such file"),
        (["describe"], "required"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    printed = capsys.readouterr()
    errors = [line for line in printed.err.splitlines() if not line.startswith("[")]
    assert printed.out == "" and len(errors) == 1 and message in errors[0] and errors[0].startswith("error: ")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def clips(tmp_path):
    """(folder, the motion in stand.npz and stand.bvh)."""
    skeleton = canonical()
    still = Motion(
        skeleton, np.tile([1.0, skeleton.hip_height, 2.0], (12, 1)), np.tile([1.0, 0, 0, 0], (12, 22, 1)), 24
    )
    formats_npz.write(tmp_path / "stand.npz", still)
    bvh.write(tmp_path / "stand.bvh", still)
    return tmp_path, still


def test_a_time_at_the_end_is_the_last_frame(clips, npz):
    folder, _ = clips
    pose, out = folder / "stand.npz", ("--out", folder / "x.npz")
    assert asked("generate", "--key", f"{pose}@2", "--key", f"{pose}@.5", "--seconds", 2, *out).keys[-1].frame == 59
    at_the_end = ("--key", f"{pose}@2", "--seconds", 2, "--fps", "23.976")
    assert asked("generate", *at_the_end, *out).keys[0].frame == 47
    assert run("generate", "--key", f"{pose}@2.1", "--seconds", 2, *out) == 2
    assert run("generate", "--key", f"{pose}@2", "--seconds", "nan", *out) == 2


def test_the_scene_has_the_rate_of_the_motions_given(clips, npz):
    folder, still = clips
    clip, out = folder / "stand.npz", ("--out", folder / "x.npz")
    request = asked("generate", "--before", clip, "--key", f"{clip}@1", "--seconds", 2, *out)
    assert request.fps == 24 and len(request.context.before) == len(still) and request.keys[0].frame == 24
    assert asked("generate", "--after", clip, "--seconds", 2, *out).fps == 24
    assert asked("generate", "--before", clip, "--fps", 60, *out).fps == 60


def asked(*argv):
    assert run(*argv) == 0
    return FakeSystem.requests[-1]


def test_poses_with_and_without_times(clips, npz):
    folder, still = clips
    pose, out = folder / "stand.npz", ("--out", folder / "x.npz")
    request = asked("generate", "walk", "--key", f"{pose}@0.5", "--key", f"{folder / 'stand.bvh'}@2", "--fps", 24, *out)
    assert [key.frame for key in request.keys] == [12, 48] and request.timed
    for key in request.keys:
        assert set(key.joints) == set(canonical().names) and key.height == pytest.approx(still.root[0, 1], abs=1e-5)
    request = asked("generate", "--key", pose, "--seconds", 2, *out)
    assert not request.timed and request.text == "" and len(request.keys) == 1
    assert run("generate", "--key", pose, "--key", f"{pose}@1", *out) == 2


def test_motions_before_and_after(clips, npz):
    folder, still = clips
    out = ("--out", folder / "x.npz")
    request = asked("generate", "--before", folder / "stand.npz", "--task", "predict", *out)
    assert request.context.before.fps == 24 and request.context.after is None and request.task == "predict"
    both = ("--before", folder / "stand.npz", "--after", folder / "stand.bvh")
    request = asked(
        "generate", "walk", *both, "--gap", 1.5, "--fps", 24, "--top-k", 5, "--top-p", 0.5, "--guidance", 2, *out
    )
    assert (request.seconds, request.top_k, request.top_p, request.guidance) == (1.5, 5, 0.5, 2.0)
    assert np.array_equal(request.context.before.root, still.root)
    positions = kinematics.joint_positions(request.context.after)
    assert np.allclose(positions, kinematics.joint_positions(still), atol=1e-4)


def test_a_rig_with_other_bone_names_is_put_on_ours(clips, npz, capsys):
    folder, _ = clips
    text = (folder / "stand.bvh").read_text(encoding="utf-8")
    mixamo = {
        "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": "Head",
    }  # fmt: skip
    sides = {
        "hip": "UpLeg", "knee": "Leg", "ankle": "Foot", "foot": "ToeBase", "collar": "Shoulder", "shoulder": "Arm",
        "elbow": "ForeArm", "wrist": "Hand",
    }  # fmt: skip
    names = mixamo | {f"{s}_{a}": s.capitalize() + b for s in ("left", "right") for a, b in sides.items()}
    lines = [line.rstrip() for line in text.splitlines()]
    for i, line in enumerate(lines):
        word, _, name = line.strip().partition(" ")
        if word in ("ROOT", "JOINT"):
            lines[i] = line.replace(name, f"mixamorig:{names[name]}")
    (folder / "rig.bvh").write_text("\n".join(lines) + "\n", encoding="utf-8")
    request = asked("generate", "--before", folder / "rig.bvh", "--out", folder / "x.npz")
    assert request.context.before.skeleton.kind == "smpl22"
    told = json.loads(capsys.readouterr().out)["warnings"]
    assert told == ["rig.bvh is on another rig: it comes back on Posewright's skeleton, smpl22"]
    asked("generate", "--before", folder / "stand.bvh", "--out", folder / "x.npz")
    assert json.loads(capsys.readouterr().out)["warnings"] == []
    (folder / "chair.bvh").write_text(text.replace("_", "").replace("spine", "leg").replace("pelvis", "seat"))
    assert run("generate", "--before", folder / "chair.bvh", "--out", folder / "x.npz") == 2


def test_describe_prints_facts_and_captions(clips, capsys, monkeypatch):
    folder, _ = clips
    assert run("describe", folder / "stand.bvh", "--captions", 2, "--seed", 5, "--temperature", 0.5) == 0
    printed = capsys.readouterr().out
    told = json.loads(printed)
    assert printed.count("\n") == 1 and told["captions"] == ["caption 0", "caption 1"]
    assert "stands still" in told["sentence"] and told["facts"]["seconds"] == pytest.approx(0.5, abs=0.05)
    assert told["warnings"] == ["it is long"] and FakeSystem.requests[-1].temperature == 0.5
    FakeSystem.requests.clear()
    assert run("describe", folder / "stand.npz", "--captions", 0) == 0
    assert json.loads(capsys.readouterr().out)["captions"] == [] and not FakeSystem.requests, "no model is loaded"


def test_a_file_that_holds_no_motion_is_refused(clips, capsys):
    folder, still = clips
    with np.load(folder / "stand.npz") as file:
        arrays = dict(file)
    np.savez(folder / "zero.npz", **(arrays | {"rotations": np.zeros_like(still.rotations)}))
    np.savez(folder / "far.npz", **(arrays | {"root": np.full_like(still.root, 1e30)}))
    text = (folder / "stand.bvh").read_text(encoding="utf-8")
    last = text.splitlines()[-1]
    (folder / "far.bvh").write_text(text.replace(last, " ".join(["9e8", *last.split()[1:]])), encoding="utf-8")
    (folder / "words.bvh").write_text("walk", encoding="utf-8")
    told = {"zero.npz": "has no direction", "far.npz": "from the origin", "far.bvh": "from the origin"}
    for name, message in told.items():
        assert run("describe", folder / name) == 2
        line = capsys.readouterr().err.splitlines()[-1]
        assert name in line and message in line
    assert run("describe", folder / "words.bvh") == 2
    assert capsys.readouterr().err.endswith("is it a BVH file? Name another file.\n"), "one mark ends a sentence"


def test_what_was_interrupted_says_whether_a_file_was_to_come(monkeypatch, capsys, tmp_path):
    def interrupted(*anything):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.files, "read", interrupted)
    monkeypatch.setattr(cli, "request_of", interrupted)
    assert run("describe", "x.npz") == 130 and capsys.readouterr().err == "interrupted\n"
    assert run("generate", "walk", "--out", tmp_path / "x.npz") == 130
    assert capsys.readouterr().err == "interrupted; no file was written\n"


def test_a_base_model_that_the_bundle_has_no_use_for_is_refused(clips, capsys):
    folder, _ = clips
    for command in (["generate", "walk", "--out", folder / "x.npz"], ["describe", folder / "stand.npz"]):
        assert run(*command, "--base-model", "/nowhere") == 2
        line = capsys.readouterr().err.splitlines()[-1]
        assert "--base-model /nowhere was given, and bundle " in line and "Leave --base-model out" in line


def test_a_bundle_without_a_task_is_named_and_no_engine(tmp_path, capsys):
    texts = dict.fromkeys(("name", "version", "system", "licence", "acknowledgement"), "x")
    empty = {"tasks": [], "training_data": [], "config": {}, "features": {}, "metrics": {}}
    bundles.write(tmp_path / "b", texts | empty | {"engines": ["numpy"], "prompt_version": 1}, {"a.json": b"{}"})
    assert cli.main(["generate", "walk", "--bundle", str(tmp_path / "b"), "--out", str(tmp_path / "x.npz")]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "has no task" in line and line.endswith("Name another bundle with --bundle.") and "torch" not in line


def test_what_is_not_the_inputs_fault_is_exit_code_1(capsys, tmp_path):
    assert run("generate", "crash", "--out", tmp_path / "x.npz") == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: the backend failed: RuntimeError: two lines")
    assert "fault in Posewright" in last and "Blender" not in last


def test_too_little_memory_says_what_to_ask_for(capsys, tmp_path):
    assert run("generate", "too much", "--out", tmp_path / "x.npz") == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "error: 8 takes need 3.1 GiB, 2.0 GiB are free. Ask for fewer takes or a shorter motion."
    told = as_request_error(OutOfMemory("2.0 GiB are free"))
    assert (told.kind, str(told)) == ("memory", "2.0 GiB are free") and "fewer takes" in told.action


def test_a_missing_engine_is_named(monkeypatch, tmp_path):
    from backend.service import loading

    texts = dict.fromkeys(("name", "version", "system", "licence", "acknowledgement"), "x")
    empty = {"tasks": ["fill"], "training_data": [], "config": {}, "features": {}, "metrics": {}}
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
