"""Reading bundles: nothing is trusted before its size and sha256 were compared with the manifest."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .bundle import MANIFEST, MAX_MANIFEST_BYTES, Bundle, BundleError, named


@dataclass(frozen=True)
class Listing:
    """A folder that looks like a bundle: ``bundle``, or None with the ``problem`` in words."""

    path: Path
    bundle: Bundle | None
    problem: str = ""


def read_manifest(path: str | os.PathLike) -> Bundle:
    """The manifest of the bundle in folder ``path``, with all files present in the right size but not yet hashed.
    BundleError names the file."""
    path = Path(path)
    if not path.is_dir():
        raise BundleError(f"there is no bundle folder {path}")
    bundle = Bundle.from_manifest(path, _parse(path))
    for name, entry in bundle.files.items():
        file = path / name
        if not file.is_file():
            raise BundleError(f"{named(path, name)} is missing")
        if file.stat().st_size != entry.bytes:
            raise BundleError(f"{named(path, name)} has {file.stat().st_size} bytes, expected {entry.bytes}")
    return bundle


def load(path: str | os.PathLike, progress: Callable[[float], None] = lambda fraction: None) -> Bundle:
    """The bundle in folder ``path``, every file checked against its sha256; BundleError names the file.
    ``progress`` is told the fraction (0..1) of the bytes read, and may raise to stop."""
    bundle = read_manifest(path)
    total, done = sum(e.bytes for e in bundle.files.values()) or 1, 0
    for name, entry in bundle.files.items():
        digest = hashlib.sha256()
        try:
            with open(bundle.path / name, "rb") as file:
                while block := file.read(2**20):
                    digest.update(block)
                    done += len(block)
                    progress(min(1.0, done / total))
        except OSError as error:
            raise BundleError(f"{named(bundle.path, name)} cannot be read: {error.strerror}") from error
        if digest.hexdigest() != entry.sha256:
            what = f"expected sha256 {entry.sha256[:8]}, found {digest.hexdigest()[:8]}"
            raise BundleError(f"{named(bundle.path, name)} is damaged: {what}")
    return bundle


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


def _parse(folder: Path) -> dict:
    file = named(folder, MANIFEST)
    try:
        with open(folder / MANIFEST, "rb") as stream:
            data = stream.read(MAX_MANIFEST_BYTES + 1)
    except FileNotFoundError as error:
        raise BundleError(f"{file} is missing: the folder is not a bundle") from error
    except OSError as error:
        raise BundleError(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > MAX_MANIFEST_BYTES:
        raise BundleError(f"{file} is larger than the accepted {MAX_MANIFEST_BYTES} bytes")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{file} is not JSON: {error}") from error
