"""A motion onto a rig inside Blender: the add-on's bulk writing beside ``keyframe_insert``, in one process.

    POSEWRIGHT_ZIP=dist/posewright-0.1.0.zip .venv/bpy45/bin/python -m benchmarks.write_action [--zip ZIP] [--json FILE]

Both write the same values; that they did is checked curve by curve.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median

PROFILE = tempfile.mkdtemp(prefix="posewright-profile-")
os.environ["BLENDER_USER_RESOURCES"] = PROFILE  # before bpy is imported

import bpy  # noqa: E402
import numpy as np  # noqa: E402

from tests.blender import body_plan, character, driving  # noqa: E402
from tests.blender.body_plan import Build  # noqa: E402
from tests.blender.measure import ADDON, module  # noqa: E402

from .machine import Others, machine  # noqa: E402
from .rounds import interleaved, ratios  # noqa: E402
from .table import Row, ratio_row, save, show  # noqa: E402

FRAMES, ROUNDS = 300, 5
FACE = ("Jaw", "LeftEye", "RightEye")


def add_face(rig: bpy.types.Object, prefix: str) -> None:
    """Three bones in the head: with them a character with fingers has 55, as many as SMPL-X."""
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    x, y, z = bones[prefix + "Head"].head
    for name in FACE:
        bone = bones.new(prefix + name)
        bone.parent, bone.head, bone.tail = bones[prefix + "Head"], (x, y, z + 0.05), (x, y - 0.05, z + 0.05)
    bpy.ops.object.mode_set(mode="OBJECT")


def insert(rig: bpy.types.Object, keys: list, values: dict, start: int) -> None:
    """The baseline: what a script does that knows the bulk way not, without stepping through the frames."""
    for t in range(FRAMES):
        for key in keys:
            bone = rig.pose.bones[key.bone]
            for path, array in values[key.bone].items():
                setattr(bone, path, array[t])
                bone.keyframe_insert(path, frame=start + t)


def channel_values(rig: bpy.types.Object, keys: list) -> dict[str, dict[str, np.ndarray]]:
    """bone -> property -> (FRAMES, channels), as the add-on would key them."""
    protected, bone_curves = module("rig.writing.protected").Protected(rig), module("rig.writing.curves").bone_curves
    return {key.bone: {c.path.rpartition(".")[2]: c.values for c in bone_curves(rig, key, protected)} for key in keys}


def curves(rig: bpy.types.Object) -> dict[tuple[str, int], np.ndarray]:
    """(path, index) -> (keys, 2) of the active action."""
    found = {}
    for curve in module("rig.writing.actions").curves_of(rig):
        flat = np.empty(2 * len(curve.keyframe_points), np.float32)
        curve.keyframe_points.foreach_get("co", flat)
        found[curve.data_path, curve.array_index] = flat.reshape(-1, 2)
    return found


def clear(rig: bpy.types.Object) -> None:
    rig.animation_data_clear()
    for action in list(bpy.data.actions):
        bpy.data.actions.remove(action)


def case(name: str, build: Build, wanted: float) -> list[Row]:
    """One rig: the whole way, its parts, and the baseline, in turn."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    rig, _ = character.make(build)
    if build.fingers:
        add_face(rig, build.prefix)
    context, actions, write, solve = (
        bpy.context,
        module("rig.writing.actions"),
        module("rig.writing.write"),
        module("rig.solving.solve"),
    )
    pose = module("rig.reading.read").read_rig(context, rig, body_plan.bone_map(build))
    motion = driving.swinging(pose.skeleton, FRAMES)
    keys = solve.solve(pose, motion).bones
    values = channel_values(rig, keys)

    def bulk() -> None:
        writer = actions.ActionWriter(rig, "bulk")
        for bone, paths in values.items():
            for path, array in paths.items():
                writer.write(bone, f'pose.bones["{bone}"].{path}', 1, array, range(array.shape[1]))
        writer.assign(rig)

    # a motion keeps where its joints are once that was asked for: a copy has not been asked yet
    timed = {
        "all": lambda: write.apply_motion(context, rig, pose, replace(motion), 1, "all"),
        "solve": lambda: solve.solve(pose, replace(motion)),
        "channels": lambda: channel_values(rig, keys),
        "bulk": bulk,
        "insert": lambda: insert(rig, keys, values, 1),
    }
    # each writer starts from a rig without an action; clearing it is a case of its own, and not reported
    cases = {step: c for n, run in timed.items() for step, c in ((n, run), (f"clear {n}", lambda: clear(rig)))}
    seconds = interleaved(cases, ROUNDS)
    check_same(rig, timed)
    size = f"{FRAMES} frames x {len(keys)} bones, {name}"
    spread = f"median of {ROUNDS}, {min(seconds['all']):.3f} to {max(seconds['all']):.3f}"
    return [
        Row(f"{size}: solved and put on the rig", median(seconds["all"]), wanted=wanted, note=spread),
        Row("of it, solving for the bones", median(seconds["solve"])),
        Row("of it, rotations to channels", median(seconds["channels"])),
        Row("of it, writing the keys in bulk", median(seconds["bulk"])),
        Row("baseline: keyframe_insert of the same values", median(seconds["insert"])),
        ratio_row("keyframe_insert : bulk writing", ratios(seconds["insert"], seconds["bulk"])),
    ]


def check_same(rig: bpy.types.Object, timed: dict) -> None:
    """RuntimeError unless the three ways to write leave the same keys on every frame."""
    left = {}
    for name in ("all", "bulk", "insert"):
        clear(rig)
        timed[name]()
        left[name] = curves(rig)
    if not left["all"] or any(len(points) != FRAMES for points in left["all"].values()):
        raise RuntimeError(f"the add-on left {len(left['all'])} curves, or some without {FRAMES} keys")
    for name in ("bulk", "insert"):
        for key in left["all"].keys() | left[name].keys():
            a, b = left["all"].get(key), left[name].get(key)
            if a is None or b is None or a.shape != b.shape or np.abs(a - b).max() > 1e-5:
                raise RuntimeError(f"{name} and the add-on differ at {key}: the comparison would not be fair")
    clear(rig)


def install(zip_path: Path) -> None:
    """Switch the extension on; RuntimeError when Blender does not take it."""
    bpy.ops.extensions.package_install_files(
        filepath=str(zip_path.resolve()), repo="user_default", enable_on_install=True, overwrite=True
    )
    if ADDON not in bpy.context.preferences.addons:
        raise RuntimeError(f"Blender {bpy.app.version_string} did not accept {zip_path}: build it anew")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.write_action", description=__doc__.split("\n")[0])
    parser.add_argument("--zip", type=Path, default=os.environ.get("POSEWRIGHT_ZIP"), help="the built extension")
    parser.add_argument("--json", type=Path, help="write the rows here too")
    options = parser.parse_args(arguments)
    if options.zip is None or not options.zip.is_file():
        parser.error("name the built zip with --zip or POSEWRIGHT_ZIP; python3 build_addon.py build makes it")
    others = Others()
    install(options.zip)
    rows = case("quaternions", Build(), wanted=0.2)
    rows += case("Euler angles", Build(mode="XYZ"), wanted=0.2)
    rows += case("quaternions, rig of 55", Build(fingers=True), wanted=0.25)
    rows += case("Euler angles, rig of 55", Build(fingers=True, mode="XYZ"), wanted=0.25)
    title = f"write_action, Blender {bpy.app.version_string}"
    here = machine(others)
    show(title, here, rows)
    if options.json:
        save(options.json, title, here, rows)
    return 0


if __name__ == "__main__":
    try:
        code = main()
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    except Exception:
        # whatever it was, the process must not hang at its end, as Blender 4.5's interpreter can
        sys.excepthook(*sys.exc_info())
        code = 1
    shutil.rmtree(PROFILE, ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
