"""Acting as the animator in a real Blender window: clicks, keys, screenshots, and a log of what was checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy

BUTTON = 138  # pixels from the sidebar's top to the Generate button, at scale 1
SUB_PANELS = 174  # and to the header of the first sub-panel, while the panel shows no message
HEADER = 25  # from one closed sub-panel to the next


class Driver:
    """Steps a flow: a generator that yields the seconds to wait. ``out`` gets the pictures and the log."""

    def __init__(self, out: Path):
        self.out, self.log = out, []
        out.mkdir(exist_ok=True)
        bpy.context.preferences.view.show_splash = False

    def run(self, flow: Iterator[float]) -> None:
        """Have a timer step ``flow``; then the process ends, with 0 when every check held."""

        def tick():
            try:
                return next(flow)
            except StopIteration:
                pass
            except Exception:
                traceback.print_exc()
                self.log.append(f"FAILED: {traceback.format_exc()}")
            (self.out / "log.json").write_text(json.dumps(self.log, indent=1))
            bpy.context.window_manager.posewright.client.close()
            sys.stdout.flush()
            os._exit(1 if any(line.startswith("FAILED") for line in self.log) else 0)

        bpy.app.timers.register(tick, first_interval=1.0)

    def note(self, line: str) -> None:
        self.log.append(line)
        print("[window]", line, flush=True)

    def check(self, what: str, holds: bool, *seen) -> None:
        self.note(f"{'ok' if holds else 'FAILED'}: {what} {' '.join(map(str, seen))}".strip())

    def shot(self, name: str) -> None:
        # by the X server: Blender's own screenshot operator gives a black image under Xvfb
        subprocess.run(["import", "-window", "root", str(self.out / name)], check=True)


def view():
    """(window, 3D view area, its sidebar region, its main region)"""
    window = bpy.context.window_manager.windows[0]
    area = next(a for a in window.screen.areas if a.type == "VIEW_3D")
    regions = {r.type: r for r in area.regions}
    return window, area, regions["UI"], regions["WINDOW"]


def in_view():
    """A context override: the mouse over the 3D view."""
    window, area, _, main = view()
    return bpy.context.temp_override(window=window, area=area, region=main)


def click_generate() -> Iterator[float]:
    """Click the Generate button, which has a fixed place under the top of the sidebar."""
    yield from _click(BUTTON)


def click_sub_panel(number: int) -> Iterator[float]:
    """Open or close a sub-panel; those above it are closed."""
    yield from _click(SUB_PANELS + number * HEADER)
    yield from settled()


def settled() -> Iterator[float]:
    """Panels glide to a new place, and software rendering takes its time for that."""
    for _ in range(3):
        view()[1].tag_redraw()
        yield 1.0


def _click(below_top: int) -> Iterator[float]:
    window, area, sidebar, _ = view()
    _point(window)  # away: Blender 4.3 keeps a button as it was for as long as the mouse is over it
    area.tag_redraw()
    yield 1.0  # software rendering takes its time, and what is drawn is what can be clicked
    scale = bpy.context.preferences.system.ui_scale
    x, y = sidebar.x + sidebar.width // 2 - 8, sidebar.y + sidebar.height - round(below_top * scale)
    window.event_simulate(type="MOUSEMOVE", value="NOTHING", x=x, y=y)
    yield 0.5
    window.event_simulate(type="LEFTMOUSE", value="PRESS", x=x, y=y)
    yield 0.1
    window.event_simulate(type="LEFTMOUSE", value="RELEASE", x=x, y=y)
    yield 0.02


def press(key: str, **modifiers) -> Iterator[float]:
    """Press a key with the mouse over the 3D view."""
    window, *_ = view()
    x, y = _point(window)
    yield 0.3
    window.event_simulate(type=key, value="PRESS", x=x, y=y, **modifiers)
    window.event_simulate(type=key, value="RELEASE", x=x, y=y, **modifiers)
    yield 1.0


def _point(window) -> tuple[int, int]:
    """Move the mouse over the 3D view."""
    main = view()[3]
    x, y = main.x + main.width // 3, main.y + main.height // 3
    window.event_simulate(type="MOUSEMOVE", value="NOTHING", x=x, y=y)
    return x, y


def wait_for(condition: Callable[[], bool], seconds: float) -> Iterator[float]:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        yield 0.02
