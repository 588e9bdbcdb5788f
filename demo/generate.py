"""Generates the demo through the add-on's own operator: python -m demo.generate TASK, TASK being JSON.

Runs inside Blender's Python module with BLENDER_USER_RESOURCES set to an empty profile. Lines that begin with "> " are
for the reader; the first that begins with "! " says what failed and the next what to do.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path

import bpy

from . import character

MODULE = "bl_ext.user_default.posewright"


class DemoFailure(Exception):
    """What failed, and what to do about it."""

    def __init__(self, message: str, remedy: str):
        super().__init__(message)
        self.remedy = remedy


def main(task: dict) -> None:
    """Install the zip, make the character, generate, save and export."""
    out = Path(task["out"])
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    install(Path(task["zip"]), task["engine"], task["python"])
    scene = bpy.context.scene
    begun = time.monotonic()
    armature, body = character.make(scene)
    say(f"character: {len(armature.data.bones)} bones, {len(body.data.vertices)} vertices", begun)
    report = generate(scene, armature, task)
    scene.frame_start, scene.frame_end = report["start"], report["end"]
    save(out, report["take"])
    (out / "demo-report.json").write_text(json.dumps(table(report), indent=1), encoding="utf-8")
    bpy.ops.preferences.addon_disable(module=MODULE)


def install(zip_path: Path, engine: str, python: str) -> None:
    """Install and switch on the extension as a user would. Its preferences stay as they are unless an ``engine`` other
    than "auto" is asked for, or a ``python`` other than Blender's own ("")."""
    begun = time.monotonic()
    bpy.ops.extensions.package_install_files(
        filepath=str(zip_path), repo="user_default", enable_on_install=True, overwrite=True
    )
    addon = bpy.context.preferences.addons.get(MODULE)
    if addon is None:
        raise DemoFailure(
            f"Blender {bpy.app.version_string} did not accept {zip_path.name}",
            "Run python3 build_addon.py validate; the reason stands in the output above.",
        )
    chosen = {name: value for name, value in (("engine", engine), ("python", python)) if value not in ("auto", "")}
    for name, value in chosen.items():
        setattr(addon.preferences, name, value)
    say(f"{zip_path.name} installed in Blender {bpy.app.version_string}", begun)
    say("preferences: " + (", ".join(f"{name} = {value}" for name, value in chosen.items()) or "nothing set"))


def generate(scene: bpy.types.Scene, armature: bpy.types.Object, task: dict) -> dict:
    """Fill in the panel's fields and press Generate; returns the report that the panel shows."""
    begun = time.monotonic()
    wishes = scene.posewright
    wishes.prompt, wishes.seconds, wishes.seed = task["prompt"], task["seconds"], task["seed"]
    # Blender holds a field to its range and cuts a text without a word
    if wishes.prompt != task["prompt"]:
        raise DemoFailure(
            f"the panel takes the first {len(wishes.prompt)} of the prompt's {len(task['prompt'])} characters",
            "Shorten the prompt.",
        )
    if abs(wishes.seconds - task["seconds"]) > 1e-3:
        raise DemoFailure(
            f"{task['seconds']:g} seconds were asked for; the panel takes 0 (the model chooses) to {wishes.seconds:g}",
            "Choose another --seconds.",
        )
    try:
        done = bpy.ops.posewright.generate()
    except RuntimeError as error:  # how Blender hands on an operator's error report
        raise DemoFailure(str(error).removeprefix("Error: ").strip(), "") from error
    if done != {"FINISHED"} or not armature.animation_data or not armature.animation_data.action:
        raise DemoFailure(f"the operator ended with {done} and left no action", "Please report this.")
    report = json.loads(wishes.report)
    say(f"action {report['action']!r}, frames {report['start']} to {report['end']}", begun)
    return report


def save(out: Path, take: int) -> None:
    """Write demo.blend, demo.glb and demo.bvh; an exporter that fails costs its own file."""
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "demo.blend"), compress=True)
    say("saved demo.blend")
    exports = {
        "demo.glb": lambda path: bpy.ops.export_scene.gltf(filepath=path, export_format="GLB"),
        "demo.bvh": lambda path: write_bvh(path, take),
    }
    for name, export in exports.items():
        begun = time.monotonic()
        try:
            export(str(out / name))
        except (RuntimeError, ValueError, OSError) as error:
            say(f"{name} could not be written: {error}")
            continue
        say(f"exported {name}", begun)


def write_bvh(path: str, take: int) -> None:
    """The motion that is on the rig, as the backend's command line writes one: Y up, centimetres, SMPL's joint names.

    Blender's own exporter would keep its Z up and metres, in which most programs lay the figure down.
    """
    bvh = importlib.import_module(f"{MODULE}.backend.motion.formats.bvh")
    result = bpy.context.window_manager.posewright.result
    bvh.write(path, result.takes[take].moved(offset=(0.0, result.order.pose.floor, 0.0)))


def table(report: dict) -> list[tuple[str, str]]:
    """The report as (label, value) for people."""
    fps = report["fps"][0] / report["fps"][1]
    length = report["end"] - report["start"] + 1
    slide = report["foot_slide"]
    rows = [
        ("prompt", report["prompt"]),
        ("model", f"{report['bundle']} ({report['system']})"),
        ("engine", f"{report['engine']} on {report['device']}"),
        ("frames", f"{report['start']} to {report['end']}: {length} at {fps:g} fps, {length / fps:.2f} s"),
        ("seed", str(report["seed"])),
        ("take", f"{report['take'] + 1} of {report['takes']}: {report['reason'] or 'no reason given'}"),
        ("scores of the takes", ", ".join(f"{score:.2f}" for score in report["scores"]) or "none"),
        ("bone map", report["map"]),
        ("foot slide", "no contact found" if slide is None else f"{slide:.1f} mm a frame"),
        ("words not understood", ", ".join(report["unknown_words"]) or "none"),
    ]
    rows += [(f"seconds, {stage}", f"{seconds:.2f}") for stage, seconds in report["stage_seconds"].items()]
    rows += [("warning", warning) for warning in report["warnings"]]
    return rows


def say(text: str, begun: float | None = None) -> None:
    """A line for the reader, with the seconds since ``begun``."""
    seconds = "" if begun is None else f" ({time.monotonic() - begun:.1f} s)"
    print(f"> {text}{seconds}", flush=True)


def leave(code: int) -> None:
    """End at once: Blender 4.5 can hang for ever while the interpreter ends."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]))
    except DemoFailure as failure:
        print(f"! {failure}\n! {failure.remedy}", flush=True)
        leave(1)
    except Exception:
        # whatever it was, the process must not hang at its end
        traceback.print_exc()
        leave(1)
    leave(0)
