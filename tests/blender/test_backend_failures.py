"""Backends that die, lie or hang: a message in time, nothing half written, and the next one works."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace

import bpy
import pytest

from tests.blender import character
from tests.blender.measure import module


@pytest.fixture
def deadlines(state):
    """Call with other seconds than the add-on's own for as long as the test runs."""
    kept = state.client.deadlines

    def change(**seconds) -> None:
        state.client.deadlines = replace(kept, **seconds)

    yield change
    state.client.deadlines = kept


def untouched(rig) -> bool:
    return rig.animation_data is None and not bpy.data.actions


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (
            "die",
            "(exit code 1): ModuleNotFoundError: No module named 'something'. Change Backend Python in Edit >",
        ),
        ("numpyless", "python_numpyless' has no numpy. Install numpy for it; on Linux that is often the package"),
        ("restless", "The backend ended by itself (exit code 0). Press Generate again."),
        ("updated", " to 9.9.9. Restart Blender."),
        ("die_working", "(exit code 1): MemoryError: the fake backend ran out of memory. Press Generate again."),
        ("killed", "ended by the system (signal 9), often because the memory ran out. Press Generate again."),
        ("crash", "crashed (signal 11). Press Generate again."),
        ("junk", "Welcome to the fake shell!"),
        ("old", "protocol 0"),
        ("error", "wrong hash. Install the add-on again."),
        ("few", "announced 2 takes and sent 1"),
    ],
)
def test_a_message_and_then_it_works_again(scene, state, backend, generate, mode, words):
    rig, _ = character.make()
    backend(mode)
    assert words in generate()
    assert untouched(rig) and state.failed and words in state.message
    backend("ok")
    assert not generate()
    assert rig.animation_data.action


def test_a_program_that_is_no_python(scene, state, backend, generate):
    rig, _ = character.make()
    bpy.context.preferences.addons["bl_ext.user_default.posewright"].preferences.python = "/bin/cat"
    message = generate()
    assert "'/bin/cat' ended without running the backend" in message and "Change Backend Python" in message
    assert "Check" not in message and untouched(rig)


def test_a_backend_that_hangs_at_start(scene, state, backend, generate, deadlines):
    rig, _ = character.make()
    backend("hang")
    deadlines(start=0.5)
    start = time.monotonic()
    assert "did not answer within 0.5 seconds" in generate()
    assert time.monotonic() - start < 5.0 and untouched(rig)


def test_a_backend_that_falls_silent(scene, state, backend, generate, deadlines):
    rig, _ = character.make()
    backend("silent")
    deadlines(silence=0.5)
    assert "said nothing for 0.5 seconds" in generate()
    assert untouched(rig)


def pump_until_running(state, timers):
    assert timers.pump(until=lambda: state.job.fraction > 0.0)


def test_cancel_frees_the_panel_at_once_and_keeps_the_backend(scene, state, backend, timers, press):
    rig, _ = character.make()
    backend("slow")
    press()
    pump_until_running(state, timers)
    child = state.client._child
    start = time.monotonic()
    bpy.ops.posewright.cancel()
    assert not state.generating and time.monotonic() - start < 0.5
    assert timers.pump()
    assert child.running and state.client.ready
    assert untouched(rig)


def test_late_results_are_dropped(scene, state, backend, timers, press):
    rig, _ = character.make()
    backend("late")
    press()
    pump_until_running(state, timers)
    bpy.ops.posewright.cancel()
    assert timers.pump()
    assert state.client.ready and state.result is None and untouched(rig)


def test_a_backend_that_does_not_let_go_is_killed(scene, state, backend, timers, press, deadlines):
    rig, _ = character.make()
    deadlines(cancel=0.5)
    backend("deaf")
    press()
    pump_until_running(state, timers)
    child = state.client._child
    bpy.ops.posewright.cancel()
    start = time.monotonic()
    assert timers.pump()
    assert 0.4 < time.monotonic() - start < 5.0
    assert not state.client.ready
    child._process.wait(5.0)
    backend("ok")
    press()
    assert timers.pump()
    assert rig.animation_data.action


def test_the_rig_is_deleted_meanwhile(scene, state, backend, timers, press):
    rig, body = character.make()
    backend()
    press()
    bpy.data.objects.remove(rig)
    assert timers.pump()
    assert state.failed and "was deleted" in state.message
    assert not bpy.data.actions


def test_the_rig_of_an_earlier_report_is_deleted_in_the_view(scene, state, backend, generate, timers, press):
    """The report's pointer keeps the deleted object in the file: it must not be taken for a living one."""
    rig, _ = character.make()
    backend()
    assert not generate()
    press()
    bpy.ops.object.delete()
    assert timers.pump()
    assert state.failed and "was deleted" in state.message
    assert len(bpy.data.actions) == 1


def test_the_rig_is_renamed_meanwhile(scene, state, backend, timers, press):
    rig, _ = character.make()
    backend()
    press()
    rig.name = "Somebody"
    assert timers.pump()
    assert not state.failed and rig.animation_data.action


def test_a_bone_is_renamed_meanwhile(scene, state, backend, timers, press):
    rig, _ = character.make()
    backend()
    press()
    rig.data.bones["mixamorig:Head"].name = "Kopf"
    assert timers.pump()
    assert state.failed and "'mixamorig:Head'" in state.message and untouched(rig)


def test_edit_mode_meanwhile_keeps_the_takes(scene, state, backend, timers, press):
    rig, _ = character.make()
    backend()
    press()
    bpy.ops.object.mode_set(mode="EDIT")
    assert timers.pump()
    assert state.failed and "Edit Mode" in state.message
    bpy.ops.object.mode_set(mode="OBJECT")
    assert untouched(rig)
    assert bpy.ops.posewright.apply_take() == {"FINISHED"}


def test_a_killed_backend_is_started_anew(scene, state, backend, generate):
    rig, _ = character.make()
    backend()
    assert not generate()
    first = state.client._child
    first.kill()
    while first.running:
        time.sleep(0.01)
    assert not generate(seed=2)
    assert state.client._child is not first


def test_a_resting_backend_is_no_failure(scene, state, backend, generate):
    rig, _ = character.make()
    starts = backend("rest")
    assert not generate()
    while state.client.ready:  # until it is seen that it ended
        state.backend_lines()
    assert not state.failed and state.client.failure is None
    assert state.backend_lines() == ["Resting, as nothing was asked of it; the next Generate starts it again"]
    assert not generate(seed=2)
    assert len(starts.read_text().splitlines()) == 2


def test_a_backend_that_goes_to_rest_just_when_generate_is_pressed(scene, state, backend, generate, timers, press):
    rig, _ = character.make()
    starts = backend()
    assert not generate()
    child = state.client._child
    press(seed=2)  # it is still there
    child._outbox.put(None)  # and now it ends, before anything was asked of it
    assert child._process.wait(5.0) == 0
    assert timers.pump()
    assert not state.failed and len(starts.read_text().splitlines()) == 2
    assert rig.animation_data.action and state.client._child is not child


@pytest.mark.parametrize(("mode", "starts"), [("missed", 2), ("restless", 2)])
def test_a_request_that_met_the_end_of_a_rest_is_sent_once_more(scene, state, backend, timers, press, mode, starts):
    rig, _ = character.make()
    log = backend(mode)
    press()
    assert timers.pump()
    assert len(log.read_text().splitlines()) == starts
    assert state.failed == (mode == "restless") and untouched(rig) == state.failed
    assert state.client.ready != state.failed


def test_cancel_while_a_request_is_sent_once_more(scene, state, backend, timers, press):
    rig, _ = character.make()
    backend("missed")
    press()
    assert timers.pump(until=lambda: state.client.ready)
    first = state.client._child
    assert timers.pump(until=lambda: state.client._child is not first)
    bpy.ops.posewright.cancel()
    assert timers.pump()
    assert state.client.ready and not state.failed and untouched(rig)


def test_other_options_replace_the_running_backend(scene, state, backend, generate):
    character.make()
    wishes = bpy.context.preferences.addons["bl_ext.user_default.posewright"].preferences
    starts = backend()
    assert not generate()
    first = state.client._child
    assert not generate(seed=2)
    assert state.client._child is first
    wishes.engine, wishes.threads = "torch", 3
    assert not generate(seed=3)
    assert not first.running and state.client._child.running
    plain, chosen = map(json.loads, starts.read_text().splitlines())
    remember = plain[-1]
    assert plain == ["-m", "backend", "serve", "--idle", "600", "--engine", "auto", "--remember", remember]
    assert chosen == [*plain[:5], "--engine", "torch", "--threads", "3", "--remember", remember]
    assert os.path.isdir(os.path.dirname(remember)) and "posewright" in remember


def test_another_python_replaces_the_running_one(scene, state, backend, generate):
    character.make()
    backend("ok")
    assert not generate()
    first = state.client._child
    backend("error")
    assert "wrong hash" in generate()
    assert not first.running


def test_check_backend(scene, state, backend):
    backend()
    assert bpy.ops.posewright.check_backend() == {"FINISHED"}
    assert "Engine: fake, nothing else is pretended here" in state.backend_lines()
    backend("die")
    with pytest.raises(RuntimeError, match="No module named 'something'"):
        bpy.ops.posewright.check_backend()
    assert "Not running" in state.backend_lines()[0]


def test_another_blender_has_removed_the_add_on(state, tmp_path):
    """Its folder may be shared by two versions of Blender."""
    client = module("client.client").Client(tmp_path / "posewright")
    job = module("client.job").Job(client, module("ui.preferences").launch(bpy.context))
    job.start()
    assert job.state == "failed"
    assert str(job.failure).endswith("is gone. Install Posewright again and restart Blender.")


def test_switching_off_leaves_no_process(scene, state, backend, generate):
    character.make()
    backend()
    assert not generate()
    pid = state.client._child._process.pid
    python = bpy.context.preferences.addons["bl_ext.user_default.posewright"].preferences.python
    bpy.ops.preferences.addon_disable(module="bl_ext.user_default.posewright")
    assert not hasattr(bpy.types.Scene, "posewright") and not hasattr(bpy.types.WindowManager, "posewright")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    bpy.ops.preferences.addon_enable(module="bl_ext.user_default.posewright")
    bpy.context.preferences.addons["bl_ext.user_default.posewright"].preferences.python = python
    assert not generate()


def test_blenders_python_settings_do_not_reach_the_backend(addon, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/blender/python")
    monkeypatch.setenv("PYTHONPATH", "/blender/scripts")
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    kept = module("client.child").environment(os.environ)
    assert not {"PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH"} & set(kept)
    assert kept["PYTHONNOUSERSITE"] == kept["PYTHONDONTWRITEBYTECODE"] == "1" and "PATH" in kept
