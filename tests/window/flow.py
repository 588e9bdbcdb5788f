"""Runs inside a real Blender window: the animator's way through the panel. blender --python flow.py -- FOLDER [offline]

FOLDER holds driving.py, fake_backend.py and the package demo. Nothing is set in the preferences at first: the add-on
generates with what is in the zip. Then a fake backend fails in every way.
"""

from __future__ import annotations

import importlib.util
import json
import socket
import sys
import time
from pathlib import Path

import bpy
from mathutils import Euler

FOLDER, *WORDS = sys.argv[sys.argv.index("--") + 1 :]
FOLDER = Path(FOLDER)
ADDON = "bl_ext.user_default.posewright"
PROMPT = "a person does jumping jacks"
sys.path.insert(0, str(FOLDER))
from driving import Driver, click_generate, click_sub_panel, in_view, press, settled, view, wait_for  # noqa: E402

from demo import character  # noqa: E402

driver = Driver(FOLDER / "out")
check, shot = driver.check, driver.shot


def preferences():
    return bpy.context.preferences.addons[ADDON].preferences


def state():
    return bpy.context.window_manager.posewright


def action() -> str:
    data = bpy.data.objects["Character"].animation_data
    return data.action.name if data is not None and data.action is not None else ""


def report() -> dict:
    return json.loads(bpy.context.scene.posewright.report or "{}")


def hand(frame: int):
    bpy.context.scene.frame_set(frame)
    rig = bpy.data.objects["Character"].evaluated_get(bpy.context.evaluated_depsgraph_get())
    return rig.matrix_world @ rig.pose.bones["mixamorig:LeftHand"].head


def set_the_scene():
    _, area, sidebar, _ = view()
    with in_view():
        for other in list(bpy.data.objects):
            bpy.data.objects.remove(other)
        bpy.context.view_layer.update()
        rig, _ = character.make(bpy.context.scene)
        rig.data.display_type = "STICK"  # stays within the body, for the pictures
        wishes = bpy.context.scene.posewright
        wishes.prompt, wishes.seed = PROMPT, 3
        space = area.spaces.active
        space.region_3d.view_location, space.region_3d.view_distance = (0.35, -0.2, 1.0), 3.2
        space.region_3d.view_rotation = Euler((1.35, 0.0, 0.5)).to_quaternion()
        space.show_region_ui = True
        bpy.context.scene.frame_end = 120
        bpy.ops.ed.undo_push(message="Set the scene")
    yield 1.0
    sidebar.active_panel_category = "Posewright"
    area.tag_redraw()
    yield 1.5


def generate(what: str):
    """Click, wait for the action, note the seconds."""
    yield from click_generate()
    start = time.monotonic()
    yield from wait_for(lambda: not state().generating, 120.0)
    seconds = time.monotonic() - start
    driver.note(f"{what}: {seconds:.2f} s; {report().get('stage_seconds')}")
    yield 0.5


def instant():
    """Straight from the zip: nothing is set, nothing is installed, nothing can be reached."""
    if "offline" in WORDS:
        check("networking is off", {name for _, name in socket.if_nameindex()} == {"lo"})
    check("Blender's Python has no torch", importlib.util.find_spec("torch") is None)
    check("nothing is set", preferences().python == "" and preferences().engine == "auto")
    shot("ready.png")
    yield from generate("cold")
    check("the rig has an action", action() == f"PW {PROMPT}", action(), state().message)
    check("it was made by numpy", (report().get("engine"), report().get("device")) == ("numpy", "cpu"))
    child = state().client._child
    check("in Blender's own Python", child.launch.python == sys.executable, sys.executable)
    check("the hand moves", (hand(1) - hand(19)).length > 0.1)

    yield from press("Z", ctrl=True)
    check("one Ctrl+Z removes all of it", not action() and not bpy.data.actions and not report(), action())
    check("and nothing more", bpy.context.scene.posewright.prompt == PROMPT, "Character" in bpy.data.objects)
    yield from press("Z", ctrl=True, shift=True)
    check("Shift+Ctrl+Z brings it back", action() == f"PW {PROMPT}" and bool(report()), action())
    bpy.context.scene.frame_set(61)
    yield from settled()
    check("no message of failure is left", not state().failed, state().message)
    shot("panel.png")
    bpy.context.scene.frame_set(1)
    yield from generate("warm")
    check("the same backend made the next one", state().client._child is child and child.running)

    for name in [a.name for a in bpy.data.actions]:
        bpy.data.actions.remove(bpy.data.actions[name])
    bpy.data.objects["Character"].animation_data_clear()


def bone_map():
    """The options and the map editor, on the way from a guess over a missing bone back to the start."""
    maps = bpy.context.scene.posewright.maps
    yield from click_sub_panel(1)
    yield from click_sub_panel(0)
    with in_view():
        bpy.ops.posewright.map_clear("INVOKE_DEFAULT", True, slot="left_foot")
    guesses = json.loads(maps[0].guesses) | {"left_collar": [0.4, "between the chest and the left upper arm"]}
    maps[0].guesses = json.dumps(guesses)
    yield from settled()
    shot("bone_map.png")
    with in_view():
        bpy.ops.posewright.map_clear("INVOKE_DEFAULT", True, slot="left_elbow")
    yield from settled()
    check("a missing bone is asked for", "left elbow" in state().shown.why, state().shown.why)
    shot("bone_map_by_hand.png")
    yield from press("Z", ctrl=True)
    yield 1.0
    check("Ctrl+Z brings the bone back", not state().shown.why, state().shown.why)
    with in_view():
        bpy.ops.posewright.map_reset("INVOKE_DEFAULT", True)
    check("the map is found by itself again", not bpy.context.scene.posewright.maps)
    yield from click_sub_panel(0)
    yield from click_sub_panel(1)


def backend(mode: str) -> None:
    program = FOLDER / f"python_{mode}"
    program.write_text(f'#!/bin/sh\nexec python3 "{FOLDER}/fake_backend.py" {mode} "$0" "$@"\n')
    program.chmod(0o755)
    preferences().python = str(program)


def failures():
    """Cancelling, a Python that is not there, a backend that dies; and then it works again."""
    preferences().python = "/nowhere/python"
    yield from click_generate()
    check("Generate is off without its Python", not state().generating and not action())
    shot("no_python.png")

    backend("slow")
    yield from click_generate()
    check("the click starts the job", state().generating)
    yield from wait_for(lambda: state().generating and state().job.fraction > 0.02, 20.0)
    yield 0.5
    shot("running.png")
    start = time.monotonic()
    with in_view():
        bpy.ops.posewright.cancel("INVOKE_DEFAULT")
    check("cancel frees the panel", not state().generating and time.monotonic() - start < 0.5)
    yield 0.5
    check("cancelling changed nothing", not action())

    backend("die")
    yield from click_generate()
    yield from wait_for(lambda: not state().generating, 20.0)
    yield 1.0
    check("a dead backend is a message", "No module named 'something'" in state().message, state().message)
    shot("failed.png")

    backend("ok")
    yield from click_generate()
    yield from wait_for(lambda: bool(action()), 20.0)
    check("the next one works", action() == f"PW {PROMPT}" and not state().failed, action(), state().message)


def add_on_page():
    """The add-on's page in the preferences, which has a window of its own: with a mistake, and with nothing set."""
    preferences().python, preferences().threads = "/nowhere/python", 2
    with in_view():
        bpy.ops.posewright.preferences()
    yield 1.5
    shot("preferences_mistake.png")
    preferences().python, preferences().threads = "", 0
    with in_view():
        bpy.ops.posewright.check_backend("INVOKE_DEFAULT")
    yield from wait_for(lambda: state().job is None, 30.0)
    check("the backend names its engine", any("Engine: numpy" in x for x in state().backend_lines()))
    driver.note(str(state().backend_lines()))
    yield 1.0
    shot("preferences.png")


def flow():
    yield from set_the_scene()
    yield from bone_map()
    yield from instant()
    yield from failures()
    yield from add_on_page()


driver.run(flow())
