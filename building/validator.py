"""Blender's own extension validator. It is one pure Python file inside the bpy wheel and runs without importing bpy."""

from __future__ import annotations

import sys
from pathlib import Path

from . import environments, processes
from .console import Console, Failure

LIMIT_S = 60.0
CLI = "bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"
HOW = "python3 build_addon.py validate (installs a Blender module of about 400 MB the first time)"


def find_cli() -> Path | None:
    """blender_ext.py of the newest Blender module under .venv/, or None."""
    for blender in environments.BLENDERS:
        found = sorted(blender.site_packages().glob(CLI))
        if found:
            return found[-1]
    return None


def validate(zip_path: Path, cli: Path, console: Console) -> None:
    """Run Blender's validator on the zip; Failure carries its words."""
    done = processes.run([sys.executable, cli, "validate", zip_path], LIMIT_S)
    if not done.ok:
        raise Failure(
            f"Blender's validator rejects {zip_path.name} ({done.why()}):\n{done.tail(20)}", "Fix the manifest."
        )
    console.note(f"accepted by the validator of Blender {cli.parents[4].name}")
