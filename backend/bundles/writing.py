"""Writing a bundle: all of it or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .bundle import FORMAT, MANIFEST, MAX_FILES, Bundle, BundleError, check_file_name
from .reading import load


def write(
    folder: str | os.PathLike, manifest: Mapping, files: Mapping[str, bytes | str | os.PathLike], replace: bool = False
) -> Bundle:
    """Write a bundle and return it as ``load`` reads it back.

    ``manifest`` holds every field of ``bundle.json`` but "format" and "files"; ``files`` maps names to their bytes or
    to a path to copy from. The folder appears whole under its name or, on any error (BundleError, OSError), not at all.
    An existing bundle is replaced only with ``replace``; a folder that is no bundle is never touched.
    """
    folder = Path(folder)
    if folder.exists() and not (replace and (folder / MANIFEST).is_file()):
        hint = "pass replace=True" if (folder / MANIFEST).is_file() else "it is not a bundle, choose another folder"
        raise BundleError(f"{folder} exists already; {hint}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # beside the target, so that the last step is a rename within one file system
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        new = work / "new"
        new.mkdir()
        if len(files) > MAX_FILES:
            raise BundleError(f"a bundle holds at most {MAX_FILES} files, got {len(files)}")
        where = f"bundle {folder.name!r}"
        entries = {name: _put(new / check_file_name(name, where), source) for name, source in files.items()}
        text = json.dumps({"format": FORMAT, **manifest, "files": entries}, indent=2, ensure_ascii=False)
        (new / MANIFEST).write_bytes(text.encode() + b"\n")
        load(new)
        if folder.exists():
            os.rename(folder, work / "old")
        os.rename(new, folder)
    except BaseException:
        if (work / "old").exists() and not folder.exists():
            os.rename(work / "old", folder)
        raise
    finally:
        if folder.exists() or not (work / "old").exists():  # never the only copy
            shutil.rmtree(work, ignore_errors=True)
    return load(folder)


def _put(target: Path, source) -> dict:
    if isinstance(source, (bytes, bytearray)):
        target.write_bytes(source)
    else:
        shutil.copyfile(source, target)
    with open(target, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "bytes": target.stat().st_size}
