"""``python -m backend`` as users start it, in processes of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.service.conftest import Backend

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 120.0  # torch alone takes 4 seconds to import on an idle core
HEAVY = ("torch", "transformers", "tokenizers", "safetensors", "scipy", "bpy")
"""packages that only the torch engine may load"""

# Runs backend/__main__.py, tells on stderr which heavy packages are imported, and hides some as if not installed.
_WATCHED = """
import importlib.machinery, runpy, sys
HEAVY, HIDDEN = {heavy!r}, {hidden!r}
real = importlib.machinery.PathFinder

class Finder(real):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in HIDDEN else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(real)] = Finder
told = set()

def watch(event, details):
    name = details[0].partition(".")[0] if event == "import" else ""
    if name in HEAVY and name not in told:
        told.add(name)
        print("HEAVY", name, file=sys.stderr, flush=True)

sys.addaudithook(watch)
runpy.run_module("backend", run_name="__main__", alter_sys=True)
"""


def without(hidden=()) -> list[str]:
    """The command that runs the backend, watched, without the ``hidden`` packages."""
    return [sys.executable, "-c", _WATCHED.format(heavy=HEAVY, hidden=tuple(hidden))]


def import_log() -> list[str]:
    """The command that runs the backend and lets Python itself write down every import, for ``packages``."""
    return [sys.executable, "-X", "importtime", "-m", "backend"]


def packages(log: str) -> set[str]:
    """The packages of an import log: lines such as ``import time: 12 | 34 |   numpy.linalg``."""
    lines = [line for line in log.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def run(*arguments, hidden=None, command=None) -> subprocess.CompletedProcess:
    """``python -m backend``, or ``command``, with these arguments, until it ends; ``hidden`` (a tuple) runs it
    watched."""
    if hidden is not None:
        command = without(hidden)
    command = command or [sys.executable, "-m", "backend"]
    return subprocess.run(
        [*command, *map(str, arguments)],
        cwd=ROOT, capture_output=True, encoding="utf-8", timeout=LIMIT_S, check=False,
        env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip


def service(command: list[str], log: Path) -> Backend:
    return Backend(command, log)
