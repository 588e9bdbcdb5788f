"""The files below a folder, in an order that is the same on every machine, whatever links and rights lie there."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator
from pathlib import Path

_log = logging.getLogger(__name__)


def files(folder: Path, suffixes: Collection[str]) -> Iterator[Path]:
    """Files whose suffix in small letters is one of ``suffixes``, at any depth, by name.

    Linked folders are followed, but no folder is entered twice, so a link to a folder above itself ends. What begins
    with a dot is not read: version control and the leftovers of macOS ("._walk.bvh") are no recordings. A folder that
    cannot be opened is said and passed over, and so are pipes and devices. A link to nothing is yielded: whoever reads
    it says so.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder")
    entered: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if not path.is_dir():
            if path.suffix.lower() not in suffixes:
                continue
            if path.exists() and not path.is_file():
                _log.warning("%s is left out: it is no regular file", path)
                continue
            yield path
            continue
        here = path.stat()
        if (here.st_dev, here.st_ino) in entered:
            continue
        entered.add((here.st_dev, here.st_ino))
        try:
            names = sorted(name for name in os.listdir(path) if not name.startswith("."))
        except OSError as reason:
            _log.warning("%s is left out: %s", path, reason.strerror)
            continue
        waiting.extend(path / name for name in reversed(names))


def none_found(folder: Path, wanted: str) -> ValueError:
    """The error for a folder that holds nothing of its layout; ``wanted``: what was looked for."""
    return ValueError(f"{folder} holds no {wanted}")
