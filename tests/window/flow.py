"""Runs inside a real Blender window: the animator's way through the panel. blender --python flow.py -- FOLDER

FOLDER holds character.py and fake_backend.py; screenshots and log.json go to FOLDER/out. A generator is stepped
by a timer, each ``yield`` the seconds to wait; the process ends with 0 when every check held.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

import bpy
from mathutils import Euler

FOLDER = Path(sys.argv[sys.argv.index("--") + 1])
OUT = FOLDER / "out"
ADDON = "bl_ext.user_default.posewright"
sys.path.insert(0, str(FOLDER))
import character  # noqa: E402

log: list[str] = []


def check(what: str, holds: bool, *seen) -> None:
    log.append(f"{'ok' if holds else 'FAILED'}: {what} {' '.join(map(str, seen))}".strip())
    print("[window]", log[-1], flush=True)


def view():
    """(window, 3D view area, its sidebar region, its main region)"""
    window = bpy.context.window_manager.windows[0]
    area = next(a for a in window.screen.areas if a.type == "VIEW_3D")
    regions = {r.type: r for r in area.regions}
    return window, area, regions["UI"], regions["WINDOW"]


def backend(mode: str) -> None:
    program = FOLDER / f"python_{mode}"
    program.write_text(f'#!/bin/sh\nexec python3 "{FOLDER}/fake_backend.py" {mode}\n')
    program.chmod(0o755)
    bpy.context.preferences.addons[ADDON].preferences.python = str(program)


def shot(name: str) -> None:
    # by the X server: Blender's own screenshot operator gives a black image under Xvfb
    subprocess.run(["import", "-window", "root", str(OUT / name)], check=True)


def rig() -> bpy.types.Object:
    return bpy.data.objects["Rig"]


def action() -> str:
    data = rig().animation_data
    return data.action.name if data is not None and data.action is not None else ""


def state():
    return bpy.context.window_manager.posewright


def click_generate():
    """Move to the Generate button, which has a fixed place under the top of the sidebar, and click it."""
    window, _, sidebar, _ = view()
    scale = bpy.context.preferences.system.ui_scale
    x, y = sidebar.x + sidebar.width // 2 - 8, sidebar.y + sidebar.height - round(BUTTON * scale)
    window.event_simulate(type="MOUSEMOVE", value="NOTHING", x=x, y=y)
    yield 0.5
    window.event_simulate(type="LEFTMOUSE", value="PRESS", x=x, y=y)
    yield 0.1
    window.event_simulate(type="LEFTMOUSE", value="RELEASE", x=x, y=y)
    yield 0.3


BUTTON = 138  # pixels below the sidebar's top at scale 1


def press(key: str, **modifiers):
    """Press a key with the mouse over the 3D view."""
    window, _, _, main = view()
    x, y = main.x + main.width // 3, main.y + main.height // 3
    window.event_simulate(type="MOUSEMOVE", value="NOTHING", x=x, y=y)
    yield 0.3
    window.event_simulate(type=key, value="PRESS", x=x, y=y, **modifiers)
    window.event_simulate(type=key, value="RELEASE", x=x, y=y, **modifiers)
    yield 1.0


def wait_for(condition, seconds: float):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        yield 0.05


def flow():
    window, area, sidebar, main = view()
    with bpy.context.temp_override(window=window, area=area, region=main):
        for other in list(bpy.data.objects):
            bpy.data.objects.remove(other)
        bpy.context.view_layer.update()
        _, body = character.make()
        body.show_in_front = False
        rig().show_in_front = True
        bpy.context.scene.render.fps = 30
        bpy.context.scene.posewright.prompt = "a person walks forward, then waves with the right hand"
        bpy.context.scene.posewright.takes = 2
        space = area.spaces.active
        space.region_3d.view_location, space.region_3d.view_distance = (0.4, -0.5, 0.9), 5.0
        space.region_3d.view_rotation = Euler((1.3, 0.0, 0.6)).to_quaternion()
        space.show_region_ui = True
        bpy.ops.ed.undo_push(message="Set the scene")
    yield 1.0
    sidebar.active_panel_category = "Posewright"
    area.tag_redraw()
    yield 1.5
    shot("no_python.png")
    log.append(f"sidebar {sidebar.x} {sidebar.y} {sidebar.width} {sidebar.height}")
    yield from click_generate()
    check("Generate is off without a backend Python", not state().generating and not action())

    backend("slow")
    area.tag_redraw()
    yield 0.5
    yield from click_generate()
    check("the click starts the job", state().generating)
    yield from wait_for(lambda: state().generating and state().job.fraction > 0.02, 20.0)
    yield 0.5
    shot("running.png")
    start = time.monotonic()
    with bpy.context.temp_override(window=window, area=area, region=main):
        bpy.ops.posewright.cancel("INVOKE_DEFAULT")
    check("cancel frees the panel", not state().generating and time.monotonic() - start < 0.5)
    yield 0.5
    check("cancelling changed nothing", not action())

    backend("die")
    area.tag_redraw()
    yield 0.5
    yield from click_generate()
    yield from wait_for(lambda: not state().generating, 20.0)
    yield 1.0
    check("a dead backend is a message", "No module named 'torch'" in state().message, state().message)
    shot("failed.png")

    backend("ok")
    area.tag_redraw()
    yield 0.5
    yield from click_generate()
    yield from wait_for(lambda: bool(action()), 20.0)
    check("the rig has an action", action().startswith("PW a person walks forward"), action())
    yield 0.5
    yield from press("Z", ctrl=True)
    check("one Ctrl+Z removes all of it", not action() and not bpy.data.actions and not report(), action())
    check(
        "and nothing more", bpy.context.scene.posewright.prompt.startswith("a person walks"), "Rig" in bpy.data.objects
    )
    yield from press("Z", ctrl=True, shift=True)
    check("Shift+Ctrl+Z brings it back", action().startswith("PW a person walks forward") and bool(report()), action())
    bpy.context.scene.frame_set(31)
    yield 1.5
    shot("panel.png")
    check("no message of failure is left", not state().failed, state().message)


def report() -> str:
    return bpy.context.scene.posewright.report


def tick():
    try:
        return next(steps)
    except StopIteration:
        failed = [line for line in log if line.startswith("FAILED")]
    except Exception:
        traceback.print_exc()
        failed = ["an exception"]
        log.append(traceback.format_exc())
    (OUT / "log.json").write_text(json.dumps(log, indent=1))
    state().client.close()
    sys.stdout.flush()
    os._exit(1 if failed else 0)


OUT.mkdir(exist_ok=True)
bpy.context.preferences.view.show_splash = False
steps = flow()
bpy.app.timers.register(tick, first_interval=1.0)
