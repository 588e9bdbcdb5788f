"""Which files of which bundles were found right, so that their hashes need not be computed at every start."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

MAX_BYTES = 2**20
MAX_BUNDLES = 32
SETTLED_NS = 2 * 10**9
"""how old a file must be: one just written may be written again without its time changing, FAT counts 2 seconds"""

State = tuple[int, int, int]
"""size in bytes, and in nanoseconds the time of the last change of the content and that of the file's entry (on Windows
of its making): a copy that keeps the first changes the second"""


class Remembered:
    """Per bundle folder the sha256 of its ``bundle.json`` and the State of each file whose hash was right.

    With ``file`` it outlives the process. What is no memory of ours there counts as nothing; where it cannot be written
    it lasts as long as the process. Processes may share the file: the last one that writes wins.
    """

    def __init__(self, file: Path | None = None):
        self._file = file
        self._bundles = {} if file is None else _read(file)

    def files(self, folder: Path, manifest: str) -> dict[str, State]:
        """What is known of a bundle with this sha256 of its ``bundle.json``."""
        known = self._bundles.get(_key(folder))
        if known is None or known["manifest"] != manifest:
            return {}
        return {name: tuple(state) for name, state in known["files"].items()}

    def keep(self, folder: Path, manifest: str, files: Mapping[str, State]) -> None:
        """Remember the files of a bundle that were found right just now."""
        now = time.time_ns()
        settled = {name: list(state) for name, state in files.items() if state[1] < now - SETTLED_NS}
        known, key = {"manifest": manifest, "files": settled}, _key(folder)
        if self._bundles.get(key) == known:
            return
        self._bundles.pop(key, None)
        self._bundles[key] = known  # as the newest
        for oldest in list(self._bundles)[:-MAX_BUNDLES]:
            del self._bundles[oldest]
        if self._file is not None:
            _write(self._file, self._bundles)


def _key(folder: Path) -> str:
    return str(folder.resolve())


def _read(file: Path) -> dict[str, dict]:
    """The memory in ``file``; empty where there is none or something else."""
    try:
        with open(file, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        known = json.loads(data) if len(data) <= MAX_BYTES else {}
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {key: value for key, value in known.items() if _ours(value)}


def _ours(value) -> bool:
    """Whether a bundle's entry in the file is one that ``keep`` has written."""
    if not isinstance(value, dict) or set(value) != {"manifest", "files"} or not isinstance(value["files"], dict):
        return False
    states = value["files"].values()
    return all(isinstance(s, list) and len(s) == 3 and all(type(n) is int for n in s) for s in states)


def _write(file: Path, bundles: dict[str, dict]) -> None:
    """All of it or, where it cannot be written, nothing."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    except OSError:
        return
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            json.dump(bundles, stream)
        os.replace(name, file)
    except OSError:
        Path(name).unlink(missing_ok=True)
