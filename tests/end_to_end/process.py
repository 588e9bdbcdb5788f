"""``python -m backend`` as users start it, in processes of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.service.conftest import Backend

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 120.0  # torch alone takes 4 seconds to import on an idle core

# Runs backend/__main__.py, tells on stderr which heavy packages are imported, and hides some as if not installed.
_WATCHED = """
import importlib.machinery, runpy, sys
HEAVY, HIDDEN = ("torch", "transformers", "tokenizers", "safetensors", "bpy"), {hidden!r}
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
    return [sys.executable, "-c", _WATCHED.format(hidden=tuple(hidden))]


def run(*arguments, hidden=None) -> subprocess.CompletedProcess:
    """``python -m backend`` with these arguments, until it ends; ``hidden`` (a tuple) runs it watched."""
    command = [sys.executable, "-m", "backend"] if hidden is None else without(hidden)
    return subprocess.run(
        [*command, *map(str, arguments)],
        cwd=ROOT, capture_output=True, encoding="utf-8", timeout=LIMIT_S, check=False,
        env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip


def service(command: list[str], log: Path) -> Backend:
    return Backend(command, log)
