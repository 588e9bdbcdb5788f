"""What ``build_addon.py`` makes and says: the zip, the environments' stamps, time limits, missing libraries, counts."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import random
import socket
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest

import build_addon
from building import (
    demonstration,
    environments,
    extension_zip,
    offline,
    processes,
    pythons,
    system_libraries,
    testing,
    torch_index,
)
from building.console import Console, Failure

ROOT = Path(__file__).resolve().parents[1]
MANIFEST = """schema_version = "1.0.0"
id = "posewright"
version = "9.8.7"
name = "Posewright"
tagline = "A tagline"
maintainer = "Somebody"
type = "add-on"
blender_version_min = "4.2.0"
license = ["SPDX:GPL-3.0-or-later"]
"""


@pytest.fixture
def sources(tmp_path) -> extension_zip.Sources:
    """A small project in the layout of this one."""
    files = {
        "LICENSE": "free",
        "blender_addon/blender_manifest.toml": MANIFEST,
        "blender_addon/__init__.py": "def register():\n    pass\n\n\ndef unregister():\n    pass\n",
        "blender_addon/ui/panel.py": "from ..backend import motion\n",
        "blender_addon/__pycache__/panel.py": "cache",
        "blender_addon/.hidden/secret.py": "secret",
        "backend/__init__.py": "",
        "backend/motion/presets/mixamo.json": "{}",
        "backend/motion/tests/test_it.py": "",
        "backend/weights/starter/bundle.json": "{}",
        "backend/weights/starter/language_model.safetensors": "weights",
        "backend/notes.bak": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return extension_zip.Sources(tmp_path)


def test_zip_holds_the_addon_at_its_root_and_the_backend_inside(sources):
    path = extension_zip.build(sources)
    assert path == sources.root / "dist" / "posewright-9.8.7.zip"
    assert zipfile.ZipFile(path).namelist() == [
        "LICENSE",
        "__init__.py",
        "backend/__init__.py",
        "backend/motion/presets/mixamo.json",
        "backend/weights/starter/bundle.json",
        "backend/weights/starter/language_model.safetensors",
        "blender_manifest.toml",
        "ui/panel.py",
    ]
    assert extension_zip.bundles(extension_zip.content(sources)) == ["starter"]
    assert [p.name for p in sources.dist.iterdir()] == [path.name]


def test_the_same_sources_give_the_same_bytes(sources):
    first = extension_zip.build(sources).read_bytes()
    for path in sources.root.rglob("*.py"):
        path.touch()
    assert extension_zip.build(sources).read_bytes() == first


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("blender_addon/ui/panel.py", "from backend.motion import motion\n", "ui/panel.py, line 1: imports"),
        ("blender_addon/ui/panel.py", "import backend\n", "only relative works"),
        ("blender_addon/ui/panel.py", "def broken(:\n", "line 1: does not parse"),
        ("blender_addon/__init__.py", "def register():\n    pass\n", "no unregister"),
        ("blender_addon/backend/__init__.py", "", "belongs to backend/"),
        ("blender_addon/blender_manifest.toml", MANIFEST.replace('type = "add-on"\n', ""), "lacks type"),
    ],
)
def test_what_blender_would_stumble_over_is_named(sources, name, text, said):
    path = sources.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Failure, match=said) as failure:
        extension_zip.build(sources)
    assert failure.value.remedy
    assert not list(sources.root.glob("dist/*"))


def test_a_zip_that_is_too_large_is_not_left_behind(sources, monkeypatch):
    monkeypatch.setattr(extension_zip, "LARGEST_BYTES", extension_zip.build(sources).stat().st_size)
    kept = extension_zip.build(sources).read_bytes()
    weights = sources.backend / "weights" / "starter" / "language_model.safetensors"
    weights.write_bytes(random.Random(0).randbytes(2**20))
    with pytest.raises(Failure, match=r"The zip has 1\.0 MiB; up to 0\.00\d+ MiB") as failure:
        extension_zip.build(sources)
    assert "language_model.safetensors (1.0 MiB)" in failure.value.remedy
    assert [path.read_bytes() for path in sources.dist.iterdir()] == [kept]


def test_a_missing_manifest_is_named(sources):
    sources.manifest.unlink()
    with pytest.raises(Failure, match="blender_manifest.toml is missing"):
        extension_zip.build(sources)


def test_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    manifest = extension_zip.read_manifest(extension_zip.Sources(ROOT))
    assert manifest["version"] == project["version"]
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_this_project_can_be_packed():
    sources = extension_zip.Sources(ROOT)
    assert extension_zip.check(sources, extension_zip.content(sources)) == []


def test_the_weights_reach_the_zip_as_their_bundle_lists_them():
    """A changed line end, or a file of a kind that is not packed, would make the add-on refuse its own weights."""
    files = extension_zip.content(extension_zip.Sources(ROOT))
    for name in extension_zip.bundles(files):
        folder = f"backend/weights/{name}"
        manifest = json.loads(files[f"{folder}/bundle.json"].read_text(encoding="utf-8"))
        assert manifest["files"]
        for file, entry in manifest["files"].items():
            data = files[f"{folder}/{file}"].read_bytes()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"]), file
    assert "backend/weights/** -text" in (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()


def test_the_build_needs_the_standard_library_only():
    code = "import sys, build_addon; print([m for m in ('numpy', 'torch', 'bpy', 'backend') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, '.'); {code}"], cwd=ROOT,
                          capture_output=True, text=True)  # fmt: skip
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    "environment", [environments.TORCH, environments.BPY42, environments.BPY45, environments.BPY52]
)
def test_every_requirement_is_pinned(environment):
    lines = environments.requirements(environment)
    assert lines
    assert all("==" in line for line in lines)
    assert len({line.split("==")[0] for line in lines}) == len(lines)


def test_an_extra_brings_the_lines_of_the_extras_that_it_names():
    lines = environments.requirements(environments.TORCH)
    assert not any(line.startswith("posewright") for line in lines)
    assert {"torch", "pillow", "smplx", "pytest"} <= {line.split("==")[0] for line in lines}


def test_an_environment_without_stamp_or_with_another_is_not_ready(tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    environment = environments.Environment("here", sys.version_info[:2], ("dev",), "a test")
    environment.executable.parent.mkdir(parents=True)
    environment.executable.symlink_to(sys.executable)
    assert not environments.is_ready(environment)
    stamp = environment.folder / environments.STAMP
    stamp.write_text(environments.stamp_of(environment) + "\n", encoding="utf-8")
    assert environments.is_ready(environment)
    stamp.write_text("made from other pins\n", encoding="utf-8")
    assert not environments.is_ready(environment)


def test_a_python_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    environment = environments.Environment("never", (3, 99), ("dev",), "a test")
    with pytest.raises(Failure, match=r"No Python 3\.99") as failure:
        environments.ensure(environment, Console(io.StringIO()))
    assert "Install Python 3.99" in failure.value.remedy


def test_python_is_found_and_its_version_checked():
    here = sys.version_info[:2]
    assert pythons.answers(pythons.find(here), f"{here[0]}.{here[1]}")
    assert not pythons.answers(Path(sys.executable), "3.99")
    assert not pythons.answers(Path("/nowhere/python3"), "3.11")


def test_a_local_torch_wheel_comes_before_every_index(tmp_path, monkeypatch):
    monkeypatch.setattr(torch_index.platform, "system", lambda: "Linux")
    monkeypatch.setattr(torch_index.platform, "machine", lambda: "x86_64")
    (tmp_path / "torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl").touch()
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert torch_index.arguments(Path(sys.executable))[0] == []


@pytest.mark.parametrize(("answers", "given"), [(True, ["--extra-index-url", torch_index.CPU_INDEX]), (False, [])])
def test_an_index_that_does_not_answer_is_left_out(monkeypatch, answers, given):
    monkeypatch.setattr(torch_index.platform, "system", lambda: "Linux")
    monkeypatch.setattr(torch_index.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(torch_index, "_folder_with_cpu_wheel", lambda python: None)
    monkeypatch.setattr(torch_index, "_answers", lambda url: answers)
    assert torch_index.arguments(Path(sys.executable))[0] == given


def test_output_is_shown_as_it_comes_and_kept():
    seen = []
    done = processes.run([sys.executable, "-c", "print('one'); print('two'); raise SystemExit(3)"], 30, seen.append)
    assert seen == ["one", "two"] == list(done.lines)
    assert not done.ok
    assert done.why() == "exit code 3"


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
def test_the_time_limit_also_ends_what_the_child_started(tmp_path):
    pulse = tmp_path / "pulse"
    pulse.touch()
    grandchild = f"import time\nwhile True:\n    open({str(pulse)!r}, 'a').write('.')\n    time.sleep(0.05)"
    code = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {grandchild!r}]); time.sleep(60)"
    done = processes.run([sys.executable, "-c", code], 4.0)
    assert done.timed_out
    assert done.seconds < 20
    assert "time limit" in done.why()
    beats = pulse.stat().st_size
    assert beats, "the grandchild never ran: this machine is too busy for the test"
    time.sleep(0.5)
    assert pulse.stat().st_size == beats


@pytest.mark.parametrize(
    ("output", "package"),
    [
        ("ImportError: libSM.so.6: cannot open shared object file: No such file or directory", "libsm6"),
        ("\tlibXi.so.6 => not found\n\tlibm.so.6 => /lib/libm.so.6 (0x0)", "libxi6"),
        ("Couldn't open libEGL.so.1: libEGL.so.1: cannot open shared object file: No such file", "libegl1"),
    ],
)
def test_a_missing_library_is_named_with_its_package(output, package):
    failure = system_libraries.failure(system_libraries.named_in(output), "Blender cannot start")
    assert f"apt-get install {package}." in failure.remedy


def test_an_unknown_library_is_named_without_a_guess():
    failure = system_libraries.failure(["libodd.so.7"], "Blender cannot start")
    assert "libodd.so.7" in failure.message
    assert "apt-get install" not in failure.remedy


JUNIT = '<testsuites><testsuite tests="7" failures="1" errors="1" skipped="2"></testsuite></testsuites>'


def outcome(code=0, timed_out=False):
    return processes.Outcome(code, (), 1.0, timed_out)


def test_counts_come_from_the_junit_file(tmp_path):
    report = tmp_path / "r.xml"
    report.write_text(JUNIT, encoding="utf-8")
    row = testing.read_row("tests", report, outcome(1))
    assert (row.passed, row.failed, row.skipped) == (3, 2, 2)


@pytest.mark.parametrize("ended", [outcome(-11), outcome(-9, timed_out=True), outcome(5)])
def test_a_run_without_results_counts_as_failed(tmp_path, ended):
    row = testing.read_row("tests", tmp_path / "none.xml", ended)
    assert (row.passed, row.failed) == (0, 1)
    assert row.reason


def test_a_crash_after_the_last_test_counts_as_failed(tmp_path):
    report = tmp_path / "r.xml"
    report.write_text('<testsuite tests="3" failures="0" errors="0" skipped="0"/>', encoding="utf-8")
    row = testing.read_row("tests", report, outcome(-6))
    assert (row.passed, row.failed) == (3, 1)
    assert "SIGABRT" in row.reason


def test_the_last_line_sums_up(tmp_path):
    stream = io.StringIO()
    checks = testing.Checks(Console(stream), tmp_path)
    checks.rows = [testing.Row("a", passed=3, skipped=1), testing.Row("b", passed=2)]
    checks.skip("c", "no Blender here")
    assert checks.summary() == 0
    assert stream.getvalue().splitlines()[-1] == "5 passed, 0 failed, 2 skipped"
    checks.fail("d", Failure("it broke", "mend it"))
    assert checks.summary() == 1
    assert stream.getvalue().splitlines()[-1] == "5 passed, 1 failed, 2 skipped"
    assert "What to do: mend it" in stream.getvalue()


def test_no_python_313_is_a_visible_skip(monkeypatch):
    monkeypatch.setattr(testing.pythons, "find", lambda version: None)
    monkeypatch.setattr(testing, "_environment", lambda checks, environment: None)
    monkeypatch.setattr(testing, "_build", lambda checks: None)
    stream = io.StringIO()
    assert testing.run_all(Console(stream)) == 0
    assert "SKIP tests/blender in Blender 5.2: no Python 3.13 found" in stream.getvalue()
    assert stream.getvalue().splitlines()[-1] == "0 passed, 0 failed, 2 skipped"


def test_the_slowest_steps_and_a_run_over_its_budget_are_named(tmp_path):
    stream = io.StringIO()
    checks = testing.Checks(Console(stream), tmp_path)
    checks.rows = [testing.Row("quick", passed=1, seconds=2), testing.Row("slow", passed=1, seconds=testing.BUDGET_S)]
    checks.summary()
    assert f"slowest: slow {testing.BUDGET_S} s, quick 2 s" in stream.getvalue()
    assert "OVER IT" in stream.getvalue()


@pytest.mark.parametrize(
    ("works", "chosen"), [({"--net"}, ("unshare", "--net")), ({"--map-root-user"}, offline.WAYS[1]), (set(), ())]
)
def test_networking_is_switched_off_in_the_first_way_that_is_allowed(monkeypatch, works, chosen):
    monkeypatch.setattr(offline.sys, "platform", "linux")
    monkeypatch.setattr(offline.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(offline, "_works", lambda command: command[1] in works)
    assert offline.prefix() == chosen


def test_a_system_that_cannot_switch_networking_off_is_a_visible_skip(tmp_path, monkeypatch):
    monkeypatch.setattr(offline.sys, "platform", "darwin")
    checks, ran = testing.Checks(Console(io.StringIO()), tmp_path), []
    monkeypatch.setattr(checks, "pytest", lambda title, *others: ran.append((title, others[-1])))
    testing._inside_blenders(checks, {environments.BPY42: Path("python")}, tmp_path / "built.zip", None)
    assert ran == [("tests/blender in Blender 4.2 LTS", ())]
    assert [(row.title, row.word) for row in checks.rows] == [("networking off inside Blender", "SKIP")]


def test_without_a_network_nothing_answers():
    if not (cut := offline.prefix()):
        pytest.skip("this system cannot switch networking off for one program")
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 5)"
        assert processes.run([sys.executable, "-c", code], 30).ok
        assert not processes.run([*cut, sys.executable, "-c", code], 30).ok


def test_the_demo_knows_the_limits_of_the_backend():
    protocol = pytest.importorskip("backend.protocol", reason="the protocol needs numpy")
    limits = protocol.LIMITS
    assert limits.text == demonstration.MAX_CHARACTERS
    assert (limits.min_seconds, limits.max_seconds) == (demonstration.MIN_SECONDS, demonstration.MAX_SECONDS)
    assert limits.seed == demonstration.MAX_SEED
    assert importlib.import_module("backend.engines").NAMES == demonstration.ENGINES


@pytest.mark.parametrize(
    ("prompt", "seconds", "seed", "said"),
    [
        ("  ", 5.0, 0, "prompt is empty"),
        ("walk" * 126, 5.0, 0, "504 characters"),
        ("walk", 0.1, 0, "0.2 to 10 seconds"),
        ("walk", 10.5, 0, "0.2 to 10 seconds"),
        ("walk", float("nan"), 0, "0.2 to 10 seconds"),
        ("walk", 5.0, -1, "--seed -1"),
    ],
)
def test_the_demo_refuses_a_wish_before_it_does_anything(tmp_path, prompt, seconds, seed, said):
    with pytest.raises(Failure, match=said) as failure:
        demonstration.run(Console(io.StringIO()), demonstration.Wish(prompt, seconds, seed), tmp_path / "out")
    assert failure.value.remedy
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_place_of_the_demo_folder_is_named(tmp_path):
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(Failure, match="cannot be written") as failure:
        demonstration.run(Console(io.StringIO()), demonstration.Wish("walk", 5.0, 0), tmp_path / "out")
    assert "--out" in failure.value.remedy


def test_without_blender_the_model_may_choose_the_length():
    def command(seconds):
        wish = demonstration.Wish("walk", seconds, 3)
        return demonstration.without_blender_command(Path("python"), wish, Path("demo.bvh"))

    assert "--seconds" not in command(0.0)
    assert command(2.5)[command(2.5).index("--seconds") + 1] == "2.5"
    assert command(0.0)[-2:] == ["--out", Path("demo.bvh")]


@pytest.mark.parametrize(
    ("engine", "made", "ran"),
    [("auto", ["bpy45"], "bpy45"), ("numpy", ["bpy45"], "bpy45"), ("torch", ["bpy45", "py311"], "py311")],
)
def test_torch_is_installed_only_for_whom_asks_for_it(tmp_path, monkeypatch, engine, made, ran):
    """Here Blender's libraries are missing, so that the rest of the demo is one command line."""
    ensured, commands = [], []

    def ensure(environment, console):
        ensured.append(environment.name)
        return Path(environment.name)

    def run(command, *others, **options):
        commands.append(command)
        return processes.Outcome(0, ("{}",), 1.0, False)

    monkeypatch.setattr(environments, "ensure", ensure)
    monkeypatch.setattr(system_libraries, "missing", lambda environment: ["libSM.so.6"])
    monkeypatch.setattr(processes, "run", run)
    stream = io.StringIO()
    demonstration.run(Console(stream), demonstration.Wish("walk", 5.0, 0, engine), tmp_path)
    assert ensured == made
    assert [command[0] for command in commands] == [Path(ran)]
    assert commands[0][commands[0].index("--engine") + 1] == engine
    assert "apt-get install libsm6" in stream.getvalue()


@pytest.fixture
def old_files(tmp_path) -> Path:
    for name in (*demonstration.FILES, demonstration.REPORT):
        (tmp_path / name).write_text("old", encoding="utf-8")
    return tmp_path


def test_a_demo_that_fails_leaves_the_old_files(old_files, monkeypatch):
    def fail(console, wish, folder):
        (folder / "demo.blend").write_text("half", encoding="utf-8")
        raise Failure("it broke", "mend it")

    monkeypatch.setattr(demonstration, "_make", fail)
    with pytest.raises(Failure, match="it broke"):
        demonstration.run(Console(io.StringIO()), demonstration.Wish("walk", 5.0, 0), old_files)
    assert {path.read_text(encoding="utf-8") for path in old_files.iterdir()} == {"old"}


def test_an_old_file_is_replaced_by_its_new_one_alone_and_never_called_new(old_files, monkeypatch):
    def make(console, wish, folder):
        (folder / "demo.bvh").write_text("new", encoding="utf-8")
        return True

    monkeypatch.setattr(demonstration, "_make", make)
    stream = io.StringIO()
    assert demonstration.run(Console(stream), demonstration.Wish("walk", 5.0, 0), old_files) == 1
    assert (old_files / "demo.bvh").read_text(encoding="utf-8") == "new"
    assert (old_files / "demo.png").read_text(encoding="utf-8") == "old"
    assert stream.getvalue().count("(there is one of an earlier run)") == 4
    assert len(list(old_files.iterdir())) == 5


def test_a_sparse_sample_has_the_same_surface_as_the_whole_grid():
    np = pytest.importorskip("numpy")
    from demo import surface

    blobs = [
        surface.Blob("A", (-0.2, 0.0, 0.0), (0.2, 0.0, 0.0), 0.1, 0.08, (1.0, 0.7, 1.1)),
        surface.Blob("B", (0.2, 0.0, 0.0), (0.2, 0.0, 0.3), 0.05, 0.03),
    ]
    axes = [np.arange(-0.41, 0.43, 0.02), np.arange(-0.21, 0.2, 0.02), np.arange(-0.2, 0.43, 0.02)]
    asked = []

    def distance(points):
        asked.append(len(points))
        return surface.field(blobs, points, 0.016)

    sparse = surface.sample(distance, axes)
    sampled = sum(asked)
    whole = distance(np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)).reshape(sparse.shape)
    assert sampled < whole.size / 2
    origin = np.array([axis[0] for axis in axes])
    for a, b in zip(surface.mesh(sparse, origin, 0.02), surface.mesh(whole, origin, 0.02)):
        assert np.array_equal(a, b)


def test_commands_of_the_readme_are_understood():
    demo = build_addon.arguments(["demo", "a person walks", "--seconds", "3", "--seed", "7"])
    assert (demo.prompt, demo.seconds, demo.seed, demo.engine) == ("a person walks", 3.0, 7, "auto")
    assert build_addon.arguments(["demo", "--engine", "torch", "a person walks"]).engine == "torch"
    for command in ("build", "test", "validate", "clean"):
        assert build_addon.arguments([command]).command == command
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert 'python3 build_addon.py demo "' in readme
    assert 'python3 build_addon.py demo --engine torch "' in readme
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    pins = [pin for pin in extras["torch"] if not pin.startswith("numpy")]  # any numpy will do
    assert " ".join(f'"{pin}"' if "*" in pin else pin for pin in pins) in readme
    assert "python3 build_addon.py test" in readme
