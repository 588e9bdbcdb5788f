"""Finds a Python of a given version on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ASK_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def find(version: tuple[int, int]) -> Path | None:
    """The first working interpreter of ``version``: this one, then PATH, pyenv, uv, and the py launcher of Windows."""
    wanted = f"{version[0]}.{version[1]}"
    for candidate in _candidates(wanted):
        if answers(candidate, wanted):
            return candidate
    return None


def answers(python: Path, wanted: str) -> bool:
    """Whether ``python`` starts and is of version ``wanted``. A pyenv shim exists even where its version does not."""
    try:
        done = subprocess.run(
            [str(python), "-c", ASK_VERSION], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == wanted


def _candidates(wanted: str) -> Iterator[Path]:
    if sys.version_info[:2] == tuple(int(n) for n in wanted.split(".")):
        yield Path(sys.executable)
    on_path = shutil.which(f"python{wanted}")
    if on_path:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    uv = Path.home() / ".local" / "share" / "uv" / "python"
    for folder in [*sorted(pyenv.glob(f"{wanted}*"), reverse=True), *sorted(uv.glob(f"cpython-{wanted}*"))]:
        yield folder / "bin" / "python3"
    launcher = shutil.which("py") if os.name == "nt" else None
    if launcher:
        done = subprocess.run(
            [launcher, f"-{wanted}", "-c", "import sys; print(sys.executable)"], capture_output=True, text=True
        )
        if done.returncode == 0:
            yield Path(done.stdout.strip())
