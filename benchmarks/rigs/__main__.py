"""Measure retargeting on every rig, and draw its contact sheet.

    .venv/bpy45/bin/python -m benchmarks.rigs --zip ZIP --mocap DIR --write docs/rigs.md --sheets docs/rigs [RIG ...]

``--mocap``: the unpacked ../shared/data/mocap-pack.tar.xz. The rigs of ../shared/rigs have to be there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from .. import write_action  # before bpy is imported: it keeps the user's own profile untouched

# isort: split
import bpy  # noqa: E402
import numpy as np  # noqa: E402

from ..machine import Others, machine  # noqa: E402
from . import clips, collection, driving, evaluating, rebinding, report, rows, sheets  # noqa: E402

TIMED, REBOUND = "14_24", ("unreal_human", "05_06")
"""the trial that is long enough to be timed; the rig and the trial of the rebinding"""
MODES = {"rigify_basic": ("ik",), "rigify_human": ("fk", "ik")}
"""control rig -> how its limbs are keyed on its sheets; the first is the one named after the rig alone"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rigs", description=__doc__.split("\n")[0])
    parser.add_argument("rigs", nargs="*", help="names of rigs; all without")
    parser.add_argument("--zip", type=Path, default=os.environ.get("POSEWRIGHT_ZIP"), help="the built extension")
    parser.add_argument(
        "--mocap", type=Path, default=os.environ.get("POSEWRIGHT_MOCAP"), help="the unpacked mocap pack"
    )
    parser.add_argument("--rows", type=Path, help="keep rows in this JSON: rigs not measured now have theirs from it")
    parser.add_argument("--write", type=Path, help="put the tables into this page")
    parser.add_argument("--sheets", type=Path, help="draw the contact sheets into this folder")
    parser.add_argument("--only-sheets", action="store_true", help="measure nothing")
    options = parser.parse_args(arguments)
    if options.zip is None or not Path(options.zip).is_file():
        parser.error("name the built zip with --zip or POSEWRIGHT_ZIP; python3 build_addon.py build makes it")
    if options.mocap is None or not (Path(options.mocap) / "cmu").is_dir():
        parser.error("name the unpacked mocap pack with --mocap or POSEWRIGHT_MOCAP")
    known = collection.rigs(Path(options.mocap))
    names = [rig.name for rig in known]
    unknown = set(options.rigs).difference(names)
    if unknown:
        parser.error(f"no rig {', '.join(sorted(unknown))}; known: {', '.join(names)}")
    write_action.install(Path(options.zip))
    chosen = [rig for rig in known if not options.rigs or rig.name in options.rigs]
    if not options.only_sheets:
        found = report.kept(options.rows) if options.rows else {}
        for rig in chosen:
            found[rig.name] = measure(rig, Path(options.mocap) / "cmu")
            if options.rows:
                report.keep(options.rows, found)
        text = tables([found[name] for name in names if name in found])
        print(text)
        if options.write:
            report.put(text, options.write)
    if options.sheets:
        draw(chosen, Path(options.mocap) / "cmu", options.sheets)
    return 0


def measure(rig: collection.Rig, cmu: Path) -> dict:
    """The cells of a rig's rows, how many frames they are made on, and the cores that others used meanwhile."""
    others = Others()
    recorded = {trial: clips.read(cmu, trial) for trial in clips.TEN}
    mapped, armature, pose = rows.mapped(rig)
    print(f"> {mapped}", flush=True)
    moved, controls, fitted, ways = None, (), [], []
    if pose is not None:
        moved, controls = rows.moved(rig, armature, pose, list(recorded.values()), recorded[TIMED])
        print(f"> {moved} {controls}", flush=True)
        if rig.name == REBOUND[0]:
            ways = rebinding.rebindings(rig, recorded[REBOUND[1]])
        if rig.control:
            evaluating.hang(armature, pose.bone_map)
        for mode in ("fk", "ik") if rig.control else ():
            name, options = f"{rig.about}, its mechanism hung on the body", rows.keyed(mode)
            fitted.append(evaluating.evaluated(name, armature, pose.bone_map, recorded[TIMED], options, mode))
    frames = sum(len(clip.motion) for clip in recorded.values())
    return {"cells": report.cells(mapped, moved, controls, fitted, ways), "frames": frames, "others": others.cores()}


def tables(found: list[dict]) -> str:
    """Of all rigs, measured now or kept from before."""
    busiest = max((rig["others"] or 0.0 for rig in found), default=0.0)
    here = replace(machine(Others()), others=busiest)
    heading = (
        f"{found[0]['frames']} frames of {len(clips.TEN)} CMU trials at 30 fps. Blender {bpy.app.version_string}, "
    )
    return report.report(f"{heading}{here} at most", [rig["cells"] for rig in found])


def draw(chosen: list[collection.Rig], cmu: Path, folder: Path) -> None:
    """A contact sheet of every rig that has a map."""
    shown = {trial: clips.read(cmu, trial) for trial, _, _ in clips.SHOWN.values()}
    for rig in chosen:
        for mode in MODES.get(rig.name, (None,)):
            collection.fresh()
            armature = rig.build()
            try:
                pose, _ = driving.read(armature)
            except ValueError as refusal:
                print(f"> {rig.name} has no sheet: {refusal}")
                break
            options = rows.keyed(mode) if mode else None
            puts = {name: partial(_put, armature, pose, shown, options, row) for name, row in clips.SHOWN.items()}
            first = mode == MODES.get(rig.name, (None,))[0]
            path = folder / f"{rig.name if first else f'{rig.name}_{mode}'}.png"
            sheets.draw(sheets.figure(armature, pose, collection.skins(armature)), puts, path)
            print(f"> {path.name}, {path.stat().st_size} bytes", flush=True)


def _put(armature, pose, shown, options, row) -> np.ndarray:
    """Put one row's motion on the rig, limbs corrected: the scene frames to show."""
    trial, first, last = row
    driving.drive(armature, pose, shown[trial], options, corrected=True)
    return np.linspace(first, last, sheets.FRAMES).round().astype(int) + driving.START


if __name__ == "__main__":
    try:
        code = main()
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    except Exception:
        # whatever it was, the process must not hang at its end, as Blender 4.5's interpreter can
        sys.excepthook(*sys.exc_info())
        code = 1
    shutil.rmtree(write_action.PROFILE, ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
