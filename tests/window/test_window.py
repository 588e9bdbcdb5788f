"""The panel in a real Blender window under Xvfb, inside each chroot that holds Blender, without networking.

POSEWRIGHT_CHROOT names the chroots, separated as in PATH. POSEWRIGHT_WINDOW_OUT names a folder that keeps the pictures.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pytest

from building.offline import prefix

ROOT = Path(__file__).resolve().parents[2]
CHROOTS = os.environ.get("POSEWRIGHT_CHROOT", "/opt/blender-chroots/sid:/opt/blender-chroots/trixie").split(os.pathsep)
SCREENSHOT = ROOT / "docs" / "panel.png"  # taken in the first chroot when it is missing: delete it to have a new one
LIMIT_S = 240
SETTINGS = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "GALLIUM_DRIVER": "llvmpipe",
}


def skip_reason(chroot: Path) -> str:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "a chroot needs Linux and root"
    for needed in ("blender", "xvfb-run", "import", "python3"):
        # Debian's alternatives are links that lead somewhere only from within the chroot
        if not os.path.lexists(chroot / "usr" / "bin" / needed):
            return f"{chroot} holds no {needed}; POSEWRIGHT_CHROOT names chroots with Blender and Xvfb"
    if not os.environ.get("POSEWRIGHT_ZIP"):
        return "POSEWRIGHT_ZIP does not name the built zip: run 'python3 build_addon.py test'"
    return ""


@pytest.fixture(scope="module")
def offline() -> tuple[str, ...]:
    """What is put before a command to take networking from it; empty, with a warning, where that is not allowed."""
    before = prefix()
    if not before:
        warnings.warn("unshare is not there or not allowed: the window ran WITH networking", stacklevel=1)
    return before


def inside(chroot: Path, folder: str, *command: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    """Run a command in the chroot with a fresh Blender profile and software rendering."""
    settings = SETTINGS | {
        "BLENDER_USER_RESOURCES": f"{folder}/profile",
        "XDG_RUNTIME_DIR": f"{folder}/xdg",
        "TMPDIR": folder,
    }
    env = ["env", "-i", *(f"{k}={v}" for k, v in settings.items())]
    whole = [*before, "chroot", str(chroot), *env, *command]
    return subprocess.run(whole, capture_output=True, text=True, timeout=LIMIT_S + 20, check=False)


@pytest.mark.parametrize("chroot", [Path(c) for c in CHROOTS], ids=lambda chroot: chroot.name)
def test_the_animators_way_through_the_panel(chroot, offline):
    if reason := skip_reason(chroot):
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="posewright-window-", dir=chroot / "tmp") as outside:
        here = Path(outside)
        folder = f"/tmp/{here.name}"
        for name in ("profile", "xdg", "out"):
            (here / name).mkdir(mode=0o700)
        shutil.copy(os.environ["POSEWRIGHT_ZIP"], here / "posewright.zip")
        for name in ("window/flow.py", "window/driving.py", "blender/fake_backend.py"):
            shutil.copy(ROOT / "tests" / name, here)
        shutil.copytree(ROOT / "demo", here / "demo", ignore=shutil.ignore_patterns("__pycache__"))
        install = ["--command", "extension", "install-file", "-r", "user_default", "-e", f"{folder}/posewright.zip"]
        installed = inside(chroot, folder, "blender", *install, before=offline)
        assert installed.returncode == 0, installed.stdout + installed.stderr

        screen = ["timeout", str(LIMIT_S), "xvfb-run", "-a", "-s", "-screen 0 1600x1000x24 +extension GLX"]
        blender = ["blender", "--window-geometry", "0", "0", "1600", "1000", "--enable-event-simulate"]
        script = ["--python", f"{folder}/flow.py", "--", folder, *(["offline"] if offline else [])]
        ran = inside(chroot, folder, *screen, *blender, *script, before=offline)
        kept = os.environ.get("POSEWRIGHT_WINDOW_OUT")
        if kept:
            shutil.copytree(here / "out", Path(kept) / chroot.name, dirs_exist_ok=True)
        log = here / "out" / "log.json"
        assert log.exists(), ran.stdout[-3000:] + ran.stderr[-3000:]
        lines = json.loads(log.read_text())
        assert ran.returncode == 0, "\n".join(lines)
        assert "Traceback" not in ran.stdout + ran.stderr, ran.stdout[-3000:] + ran.stderr[-3000:]
        if not SCREENSHOT.exists():
            SCREENSHOT.parent.mkdir(exist_ok=True)
            shutil.copy(here / "out" / "panel.png", SCREENSHOT)
