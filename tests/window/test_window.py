"""The panel in a real Blender window under Xvfb, inside a chroot that holds Blender (POSEWRIGHT_CHROOT)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROOT = Path(os.environ.get("POSEWRIGHT_CHROOT", "/opt/blender-chroots/sid"))
SCREENSHOT = ROOT / "docs" / "panel.png"  # taken when it is missing: delete it to have a new one
LIMIT_S = 240


def skip_reason() -> str:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "a chroot needs Linux and root"
    for needed in ("blender", "xvfb-run", "import", "python3"):
        if not (CHROOT / "usr" / "bin" / needed).exists():
            return f"{CHROOT} holds no {needed}; POSEWRIGHT_CHROOT names a chroot with Blender and Xvfb"
    if not os.environ.get("POSEWRIGHT_ZIP"):
        return "POSEWRIGHT_ZIP does not name the built zip: run 'python3 build_addon.py test'"
    return ""


REASON = skip_reason()
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)


def inside(folder: str, *command: str, **how) -> subprocess.CompletedProcess:
    """Run a command in the chroot with a fresh Blender profile and software rendering."""
    settings = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "BLENDER_USER_RESOURCES": f"{folder}/profile",
        "XDG_RUNTIME_DIR": f"{folder}/xdg",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "GALLIUM_DRIVER": "llvmpipe",
    }
    env = ["env", "-i", *(f"{k}={v}" for k, v in settings.items())]
    return subprocess.run(
        ["chroot", str(CHROOT), *env, *command],
        capture_output=True,
        text=True,
        timeout=LIMIT_S + 20,
        check=False,
        **how,
    )


def test_the_animators_way_through_the_panel():
    with tempfile.TemporaryDirectory(prefix="posewright-window-", dir=CHROOT / "tmp") as outside:
        here = Path(outside)
        folder = f"/tmp/{here.name}"
        for name in ("profile", "xdg", "out"):
            (here / name).mkdir(mode=0o700)
        shutil.copy(os.environ["POSEWRIGHT_ZIP"], here / "posewright.zip")
        shutil.copy(Path(__file__).with_name("flow.py"), here)
        for name in ("character.py", "fake_backend.py"):
            shutil.copy(ROOT / "tests" / "blender" / name, here)
        install = ["--command", "extension", "install-file", "-r", "user_default", "-e", f"{folder}/posewright.zip"]
        installed = inside(folder, "blender", *install)
        assert installed.returncode == 0, installed.stdout + installed.stderr

        screen = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24 +extension GLX"]
        blender = ["blender", "--window-geometry", "0", "0", "1600", "1000", "--enable-event-simulate"]
        ran = inside(folder, "timeout", str(LIMIT_S), *screen, *blender, "--python", f"{folder}/flow.py", "--", folder)
        kept = os.environ.get("POSEWRIGHT_WINDOW_OUT")
        if kept:
            shutil.copytree(here / "out", kept, dirs_exist_ok=True)
        log = here / "out" / "log.json"
        assert log.exists(), ran.stdout[-3000:] + ran.stderr[-3000:]
        lines = json.loads(log.read_text())
        assert ran.returncode == 0, "\n".join(lines)
        assert "Traceback" not in ran.stdout + ran.stderr, ran.stdout[-3000:] + ran.stderr[-3000:]
        if not SCREENSHOT.exists():
            SCREENSHOT.parent.mkdir(exist_ok=True)
            shutil.copy(here / "out" / "panel.png", SCREENSHOT)
