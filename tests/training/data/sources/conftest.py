"""Figures that Blender itself exports, for the sources that read them through bpy."""

import os
import subprocess
from pathlib import Path

import pytest

BPY = Path(os.environ.get("POSEWRIGHT_BPY_PYTHON") or Path(__file__).parents[4] / ".venv" / "bpy45" / "bin" / "python")


@pytest.fixture(scope="session")
def bpy_python():
    """A Python that can import bpy, or the test is skipped."""
    if not BPY.exists():
        pytest.skip(
            f"FBX and GLB are read by bpy and {BPY} is not there: run 'python3 build_addon.py test' or set "
            "POSEWRIGHT_BPY_PYTHON"
        )
    return BPY


@pytest.fixture(scope="session")
def figures(bpy_python, tmp_path_factory):
    """``library`` as the CC0 libraries come, ``user`` as a folder of a user's own: see ``export_figures``."""
    folder = tmp_path_factory.mktemp("figures")
    script = Path(__file__).with_name("export_figures.py")
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path_factory.mktemp("settings"))}
    done = subprocess.run(
        [str(bpy_python), str(script), str(folder)], capture_output=True, text=True, timeout=120, env=environment
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder
