"""Reading bundles: nothing is trusted before its size and sha256 were compared with the manifest."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .bundle import MANIFEST, MAX_MANIFEST_BYTES, Bundle, BundleError, FileEntry, named
from .remembered import Remembered, State


@dataclass(frozen=True)
class Listing:
    """A folder that looks like a bundle: ``bundle``, or None with the ``problem`` in words."""

    path: Path
    bundle: Bundle | None
    problem: str = ""


def read_manifest(path: str | os.PathLike) -> Bundle:
    """The manifest of the bundle in folder ``path``, with all files present in the right size but not yet hashed.
    BundleError names the file."""
    return _read_manifest(Path(path))[0]


def _read_manifest(path: Path) -> tuple[Bundle, str]:
    """``read_manifest``, and the sha256 of the manifest."""
    if not path.is_dir():
        raise BundleError(f"there is no bundle folder {path}")
    manifest, digest = _parse(path)
    bundle = Bundle.from_manifest(path, manifest)
    for name, entry in bundle.files.items():
        file = path / name
        if not file.is_file():
            raise BundleError(f"{named(path, name)} is missing")
        if file.stat().st_size != entry.bytes:
            raise BundleError(f"{named(path, name)} has {file.stat().st_size} bytes, expected {entry.bytes}")
    return bundle, digest


def load(
    path: str | os.PathLike,
    progress: Callable[[float], None] = lambda fraction: None,
    remembered: Remembered | None = None,
) -> Bundle:
    """The bundle in folder ``path``, every file checked against its sha256; BundleError names the file. Files that are
    ``remembered`` as right and have not changed since are not read.
    ``progress`` is told the fraction (0..1) of the bytes checked, and may raise to stop."""
    bundle, manifest = _read_manifest(Path(path))
    known = {} if remembered is None else remembered.files(bundle.path, manifest)
    right: dict[str, State] = {}
    total, done = sum(e.bytes for e in bundle.files.values()) or 1, 0
    for name, entry in bundle.files.items():
        try:
            with open(bundle.path / name, "rb") as file:
                # before the bytes: a change while they are read must not pass as what was read
                state = _state(file)
                if known.get(name) != state:
                    _compare(file, entry, named(bundle.path, name), lambda n, done=done: progress((done + n) / total))
        except OSError as error:
            raise BundleError(f"{named(bundle.path, name)} cannot be read: {error.strerror}") from error
        right[name] = state
        done += entry.bytes
    progress(1.0)
    if remembered is not None:
        remembered.keep(bundle.path, manifest, right)
    return bundle


def _compare(file: BinaryIO, entry: FileEntry, where: str, tell: Callable[[int], None]) -> None:
    """BundleError when the sha256 of an open file is another; ``tell`` is told how many bytes were read."""
    digest = hashlib.sha256()
    while block := file.read(2**20):
        digest.update(block)
        tell(min(file.tell(), entry.bytes))
    if digest.hexdigest() != entry.sha256:
        what = f"expected sha256 {entry.sha256[:8]}, found {digest.hexdigest()[:8]}"
        raise BundleError(f"{where} is damaged: {what}")


def _state(file: BinaryIO) -> State:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def available(folders: Iterable[str | os.PathLike]) -> list[Listing]:
    """All bundles that are one of ``folders`` or lie directly in one, sorted by path; broken ones with their problem.
    Folders that do not exist hold none."""
    found = set()
    for folder in map(Path, folders):
        if (folder / MANIFEST).is_file():
            found.add(folder)
        elif folder.is_dir():
            found.update(child for child in folder.iterdir() if (child / MANIFEST).is_file())
    listings = []
    for path in sorted(found):
        try:
            listings.append(Listing(path, read_manifest(path)))
        except BundleError as error:
            listings.append(Listing(path, None, str(error)))
    return listings


def _parse(folder: Path) -> tuple[dict, str]:
    file = named(folder, MANIFEST)
    if not (folder / MANIFEST).is_file():  # a pipe would be waited for
        raise BundleError(f"{file} is missing: the folder is not a bundle")
    try:
        with open(folder / MANIFEST, "rb") as stream:
            data = stream.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        raise BundleError(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > MAX_MANIFEST_BYTES:
        raise BundleError(f"{file} is larger than the accepted {MAX_MANIFEST_BYTES} bytes")
    try:
        return json.loads(data), hashlib.sha256(data).hexdigest()
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{file} is not JSON: {error}") from error
