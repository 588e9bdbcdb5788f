"""From the zip alone: its own bundle, Blender's own Python, nothing set, nothing installed. No fake backend here."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import bpy
import pytest

from tests.blender import character
from tests.blender.measure import deviation, module

LIMIT_S = 60.0


@pytest.fixture
def folder(scene) -> Path:
    """The default bundle inside the installed add-on."""
    found = Path(module("ui.runtime").__file__).parents[1] / "backend" / "weights" / "starter"
    if not (found / "bundle.json").is_file():
        pytest.skip("the zip holds no bundle in backend/weights/starter")
    return found


@pytest.fixture
def wishes(folder) -> bpy.types.AddonPreferences:
    """The preferences as they are after the installation."""
    return bpy.context.preferences.addons["bl_ext.user_default.posewright"].preferences


@pytest.fixture
def clients(state):
    """Call for a client of its own, as another Blender has one."""
    made = []

    def make():
        made.append(module("client.client").Client(state.client.folder))
        return made[-1]

    yield make
    for client in made:
        client.close()


def launch(**options):
    """What Generate starts, with other ``options``."""
    return replace(module("ui.preferences").launch(bpy.context), **options)


def begin(client, method: str | None = "models/load", how=None, **params):
    job = module("client.job").Job(client, how or launch(), method, params)
    job.start()
    return job


def finish(*jobs) -> None:
    end = time.monotonic() + LIMIT_S
    while not all(job.over for job in jobs):
        assert time.monotonic() < end
        for job in jobs:
            job.poll()
        time.sleep(0.005)


def remembered(wishes) -> Path:
    return Path(launch().remember)


def test_the_first_generate(scene, state, wishes, generate):
    assert (wishes.python, wishes.engine, wishes.threads) == ("", "auto", 0)
    assert importlib.util.find_spec("torch") is None
    rig, _ = character.make()
    assert not generate(prompt="a person walks forward", seconds=4.0, takes=2)
    assert deviation(rig, state.result) < 1e-3
    assert len(module("rig.writing.actions").curves_of(rig)[0].keyframe_points) == 120
    report = json.loads(scene.posewright.report)
    assert (report["engine"], report["device"], report["takes"], report["warnings"]) == ("numpy", "cpu", 2, [])
    child = state.client._child
    assert child._process.args[0] == sys.executable and child.running
    assert [line.partition(",")[0] for line in state.backend_lines() if "Engine" in line] == ["Engine: numpy"]
    assert wishes.python == "", "Blender's own Python is looked up and never stored"
    remember = remembered(wishes)
    assert bpy.utils.user_resource("EXTENSIONS") in str(remember) and json.loads(remember.read_text())


def test_the_same_seed_gives_the_same_motion_in_another_process(scene, state, wishes, generate):
    rig, _ = character.make()
    keys = []
    for _ in range(2):
        assert not generate(prompt="a person waves with the right hand", seed=7)
        curves = module("rig.writing.actions").curves_of(rig)
        keys.append([(c.data_path, c.array_index, [tuple(k.co) for k in c.keyframe_points]) for c in curves])
        bpy.data.actions.remove(rig.animation_data.action)
        for bone in rig.pose.bones:
            bone.matrix_basis.identity()
        state.client.close()
    assert keys[0] == keys[1]


@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_a_forced_engine(scene, state, wishes, generate, engine):
    rig, _ = character.make()
    wishes.engine, wishes.threads = engine, 1
    message = generate()
    if engine == "numpy":
        assert not message and json.loads(scene.posewright.report)["engine"] == "numpy"
        return
    assert sys.executable in message and "lacks torch" in message and "GB" in message and "Backend Python" in message
    assert rig.animation_data is None
    wishes.engine = "auto"
    assert not generate()


def test_a_bundle_that_only_torch_can_run(state, wishes, folder, tmp_path):
    other = tmp_path / "big"
    shutil.copytree(folder, other)
    manifest = json.loads((other / "bundle.json").read_text())
    (other / "bundle.json").write_text(json.dumps(manifest | {"name": "big", "engines": ["torch"]}))
    request = {"segments": [{"text": "a person walks"}], "fps": [30, 1], "seconds": 2.0, "bundle": str(other)}
    job = begin(state.client, "motion/generate", **request)
    finish(job)
    message = str(job.failure)
    assert "bundle big" in message and "torch" in message and "GB" in message, message
    assert "Backend Python" in message and message.count("Backend Python") == 1, message
    job = begin(state.client, "motion/generate", **(request | {"bundle": None}))
    finish(job)
    assert job.failure is None and len(job.takes) == 1


def test_after_a_rest_the_next_request_simply_works(state, wishes):
    short = launch(idle=1.0)
    first = begin(state.client, how=short)
    finish(first)
    child = state.client._child
    assert child._process.wait(LIMIT_S) == 0
    second = begin(state.client, how=short)
    finish(second)
    assert (first.state, second.state) == ("done", "done")
    assert state.client._child is not child
    assert state.client._child._process.wait(LIMIT_S) == 0
    while state.client.ready:
        state.client.poll()
    assert state.client.resting and state.client.failure is None and "Resting" in state.backend_lines()[0]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\x00" * 1000, b"[[[]]]", b'{"bundles": {"x": 1}}', None])
def test_a_damaged_memory_of_checked_bundles(scene, state, wishes, content):
    """None: a folder stands where the file belongs."""
    remember = remembered(wishes)
    remember.unlink(missing_ok=True)
    if content is None:
        remember.mkdir()
    else:
        remember.write_bytes(content)
    try:
        job = begin(state.client)
        finish(job)
        assert job.failure is None and job.state == "done"
        if content is not None:
            assert json.loads(remember.read_text()) not in ({}, [[[]]])
    finally:
        if content is None:
            remember.rmdir()


def test_two_blenders_share_a_user_folder(wishes, clients):
    """Both start at once, check the same bundle and write the same file; a third finds it whole."""
    remember = remembered(wishes)
    remember.unlink(missing_ok=True)
    jobs = [begin(clients()) for _ in range(2)]
    finish(*jobs)
    assert [str(job.failure) for job in jobs] == ["None", "None"]
    assert json.loads(remember.read_text())
    job = begin(clients())
    finish(job)
    assert job.failure is None
    assert [p.name for p in remember.parent.iterdir()] == [remember.name], "no temporary file is left"


def test_no_folder_of_its_own(wishes, monkeypatch):
    """Not installed as an extension, or on a disk that is read only: then nothing is remembered."""
    for error in (ValueError("not an extension"), PermissionError(13, "Permission denied")):
        with monkeypatch.context() as broken:
            broken.setattr(bpy.utils, "extension_path_user", Mock(side_effect=error))
            assert "--remember" not in launch().command()


SILLY = [
    "🕺💃🏽🔥",
    "一个人向前走，然后挥手",
    "שלום ‮dlrow‬ é\u200b\u0301",
    "a person walks\x07\x1b[31m\tforward\nthen \x7f stops",
    "<|endoftext|> <motion_0> </s> a person {walks} %s \\u0000",
    "walk " * 99 + "walk",
    "x" * 500,
    "я" * 500,
    "'; DROP TABLE motions; --",
    "0",
]


def test_silly_prompts_and_silly_selections(scene, state, wishes, generate):
    rig, body = character.make()
    for prompt in SILLY:
        assert not generate(prompt=prompt, seconds=1.0), prompt
        assert len(module("rig.writing.actions").curves_of(rig)[0].keyframe_points) == 30
    assert json.loads(scene.posewright.report)["prompt"] == SILLY[-1]
    character.select(body)
    assert "Select its armature 'Rig'" in generate()
    character.select()
    assert "Nothing is selected" in generate()
    character.select(rig)
    assert not generate(seconds=0.0)  # the model chooses


def test_a_blender_without_numpy():
    """As Linux distributions ship it when their numpy is not installed: the reason is the last line of the error."""
    package = sys.modules["bl_ext.user_default.posewright"].__path__[0]
    script = (
        "import sys, importlib.util\n"
        "sys.modules['numpy'] = None\n"
        "sys.modules['bpy'] = type(sys)('bpy')\n"
        f"spec = importlib.util.spec_from_file_location('pw', {package!r} + '/__init__.py')\n"
        "spec.loader.exec_module(importlib.util.module_from_spec(spec))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert "needs numpy, which this Blender's Python does not have. Install it" in done.stderr.splitlines()[-1]
