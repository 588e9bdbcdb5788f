"""Runs inside the bpy wheel, against the built zip named by POSEWRIGHT_ZIP, in a clean Blender profile."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import pytest

if "BLENDER_USER_RESOURCES" not in os.environ:  # before bpy is imported: the user's own profile stays untouched
    os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="posewright-profile-")
if "PYTEST_XDIST_WORKER" in os.environ:  # processes that share the tests do not share a profile
    os.environ["BLENDER_USER_RESOURCES"] += "-" + os.environ["PYTEST_XDIST_WORKER"]

try:
    import bpy
except ImportError:
    bpy = None

ADDON = "bl_ext.user_default.posewright"
FAKE = Path(__file__).with_name("fake_backend.py")
_exit_code = []


class WithoutBlender(pytest.Module):
    """Takes the place of a test file in a Python that has no Blender."""

    def collect(self):
        pytest.skip("this Python has no Blender (bpy): run 'python3 build_addon.py test'", allow_module_level=True)


def pytest_pycollect_makemodule(module_path, parent):
    return WithoutBlender.from_parent(parent, path=module_path) if bpy is None else None


def pytest_sessionfinish(session, exitstatus):
    _exit_code[:] = [int(exitstatus)]


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    if bpy is None:
        return
    # the 4.5 wheel can hang for ever when the interpreter ends in the ordinary way
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_exit_code[0] if _exit_code else 1)


def preferences() -> bpy.types.AddonPreferences:
    return bpy.context.preferences.addons[ADDON].preferences


class Timers:
    """Stands in for bpy.app.timers, which never fire in background mode: holds the callbacks, runs them on demand."""

    def __init__(self):
        self.due = {}

    def register(self, function, first_interval=0, persistent=False):
        self.due[function] = time.monotonic() + first_interval

    def unregister(self, function):
        del self.due[function]

    def is_registered(self, function):
        return function in self.due

    def pump(self, until=None, timeout=20.0) -> bool:
        """Run what is due until nothing is registered or ``until()`` holds; False when the time ran out first."""
        end = time.monotonic() + timeout
        while self.due and not (until and until()):
            if time.monotonic() > end:
                return False
            for function, due in list(self.due.items()):
                if time.monotonic() >= due:
                    again = function()
                    if again is None:
                        self.due.pop(function, None)
                    else:
                        self.due[function] = time.monotonic() + again
            time.sleep(0.002)
        return True


@pytest.fixture
def timers(monkeypatch):
    held = Timers()
    for name in ("register", "unregister", "is_registered"):
        monkeypatch.setattr(bpy.app.timers, name, getattr(held, name))
    return held


@pytest.fixture(scope="session")
def addon():
    """The installed extension's package."""
    zip_path = os.environ.get("POSEWRIGHT_ZIP")
    if not zip_path:
        pytest.skip("POSEWRIGHT_ZIP does not name the built zip: run 'python3 build_addon.py test'")
    bpy.ops.extensions.package_install_files(
        filepath=os.path.abspath(zip_path), repo="user_default", enable_on_install=True, overwrite=True
    )
    return sys.modules[ADDON]


@pytest.fixture
def scene(addon):
    """An empty scene at 30 fps, with the add-on switched on and no backend running."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    state = bpy.types.WindowManager.posewright
    state.client.close()
    state.client.failure, state.client.resting, state.result = None, False, None
    state.say("")
    wishes = preferences()
    wishes.python, wishes.engine, wishes.threads = "", "auto", 0
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 30, 1.0
    yield scene
    state.cancel()
    state.client.close()


@pytest.fixture
def state(scene):
    """The add-on's runtime."""
    return bpy.context.window_manager.posewright


@pytest.fixture
def backend(scene, tmp_path):
    """Call with a mode of fake_backend.py: makes it the Python of the preferences; returns the log of its starts."""

    def choose(mode: str = "ok") -> Path:
        program = tmp_path / f"python_{mode}"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" {mode} "$0" "$@"\n')
        program.chmod(0o755)
        preferences().python = str(program)
        return tmp_path / f"python_{mode}.log"

    return choose


def wish(**wishes) -> None:
    for name, value in ({"prompt": "a person walks", "seconds": 2.0, "takes": 1} | wishes).items():
        setattr(bpy.context.scene.posewright, name, value)


def generate(**wishes) -> str:
    """Generate through the operator as a script does; the message of the error, or nothing when it went well."""
    wish(**wishes)
    try:
        done = bpy.ops.posewright.generate("EXEC_DEFAULT", True)
    except RuntimeError as error:
        return str(error)
    assert done == {"FINISHED"}
    return ""


@pytest.fixture(name="generate")
def _generate():
    return generate


@pytest.fixture
def press(state, timers):
    """Press Generate as the window does: the timers carry the rest."""

    def begin(**wishes) -> None:
        wish(**wishes)
        order, request = sys.modules[f"{ADDON}.ui.order"].make(bpy.context, state)
        launch = sys.modules[f"{ADDON}.ui.preferences"].launch(bpy.context)
        job = sys.modules[f"{ADDON}.client.job"].Job(state.client, launch, "motion/generate", request.to_dict())
        state.begin(job, order)
        sys.modules[f"{ADDON}.ui.runtime"].watch()

    return begin
