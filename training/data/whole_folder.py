"""A folder of files that is written whole or not at all, and replaces nothing but what it was before."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path


def check_replaceable(folder: Path, names: Collection[str], marker: str, first_line: str) -> None:
    """ValueError unless ``folder`` is missing, empty or one of ours: its ``marker`` begins with ``first_line`` and
    there is nothing in it beside ``names``."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ValueError(f"{folder} is a file; name a folder")
    path = folder / marker
    ours = path.is_file() and path.read_text(encoding="utf-8", errors="replace").startswith(first_line)
    foreign = sorted(found.name for found in folder.iterdir() if not ours or found.name not in names)
    if foreign:
        raise ValueError(f"{folder} holds {foreign[0]!r}, which would be lost; name a new or an empty folder")


@contextmanager
def written_whole(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder`` to write to; it takes its place when all is written, and is gone if not."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        unfinished, earlier = Path(scratch) / "new", Path(scratch) / "old"
        unfinished.mkdir()
        yield unfinished
        if not folder.exists():
            os.replace(unfinished, folder)
            return
        os.replace(folder, earlier)
        try:
            os.replace(unfinished, folder)
        except OSError:
            os.replace(earlier, folder)
            raise
