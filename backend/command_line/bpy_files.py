"""FBX and glTF files through Blender's own importers, in a process of bpy's own: see ``bpy_worker``."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..motion.formats.bounded_npz import ArraysError, Wanted, read_arrays
from ..motion.formats.text import FormatError, Limits, check_file

SUFFIXES = (".fbx", ".glb", ".gltf", ".vrm")
WORKER = Path(__file__).with_name("bpy_worker.py")
MOST_BYTES = 2**30
SECONDS = 600
"""for one file: half an hour of a figure at 120 fps takes less than half of it"""
_LIMITS = Limits(file_bytes=2**32, frames=1_000_000, values=100_000_000)
_TEXTS = Wanted("U", (("A",),))
ARMATURE = {
    "names": Wanted("U", (("J",),)),
    "parents": Wanted("i", (("J",),)),
    "rest": Wanted("f", (("J", 3, 4),)),
    "fps": Wanted("f", ((2,),)),
    "actions": _TEXTS,
    "reasons": _TEXTS,
}
"""what ``bpy_worker`` writes of every armature, besides its actions"""


class BpyError(FormatError):
    """A file that bpy cannot read, or in which nobody moves."""


@contextmanager
def armatures(path: Path, python: Path) -> Iterator[list[Path]]:
    """An NPZ for each armature of ``path``, there while they are read. BpyError for a file that cannot be read and for
    one without armatures."""
    check_file(path, BpyError, MOST_BYTES)
    with tempfile.TemporaryDirectory(prefix="posewright-bpy-") as scratch:
        _run(path, python, scratch)
        found = sorted(Path(scratch).glob("*.npz"))
        if not found:
            raise BpyError(path, None, "holds no armature")
        yield found


def _run(path: Path, python: Path, scratch: str) -> None:
    command = [str(python), str(WORKER), str(path.absolute()), scratch]
    environment = {**os.environ, "BLENDER_USER_RESOURCES": scratch}  # neither settings nor add-ons of the user
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=SECONDS
        )
    except subprocess.TimeoutExpired as reason:
        raise BpyError(path, None, f"bpy was not done with it after {SECONDS} seconds") from reason
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise BpyError(path, None, f"bpy ended with {done.returncode} ({said[-1][:300] if said else 'no message'})")


def arrays(path: Path, file: Path, wanted: dict[str, Wanted]) -> dict[str, np.ndarray]:
    """All ``wanted`` arrays of what bpy made of ``path``, checked as a file of anybody: it is as sound as its maker."""
    try:
        found = read_arrays(file, wanted, _LIMITS)
    except ArraysError as reason:
        raise BpyError(path, None, f"bpy made of it what cannot be read ({reason})") from reason
    missing = [key for key in wanted if key not in found]
    if missing:
        raise BpyError(path, None, f"bpy made of it what lacks {', '.join(missing)}")
    return found


def posed(joints: int) -> Wanted:
    """An action's array: world transforms of all bones."""
    return Wanted("f", (("T", joints, 3, 4),))
