"""The steps "build" and "validate": pack the zip, then have Blender's own validator look at it."""

from __future__ import annotations

from pathlib import Path

from . import environments, extension_zip, pythons, validator
from .console import Console, Failure
from .environments import BPY45, BPY52, ROOT


def build(console: Console) -> Path:
    """Pack the extension and print what is in it; returns the zip."""
    sources = extension_zip.Sources(ROOT)
    with console.step("Packing the extension"):
        path = extension_zip.build(sources)
        files = extension_zip.content(sources)
        console.note(f"{path.relative_to(ROOT)}: {len(files)} files, {path.stat().st_size / 2**20:.1f} MiB")
        names = extension_zip.bundles(files)
        if names:
            console.note(f"weights: {', '.join(names)}")
        else:
            console.note("WARNING: no weights in backend/weights/; the zip installs, but cannot generate by itself")
    return path


def build_and_validate(console: Console) -> Path:
    """Pack the extension and validate it where a Blender module is installed; else say how to."""
    path = build(console)
    cli = validator.find_cli()
    with console.step("Blender's validator"):
        if cli:
            validator.validate(path, cli, console)
        else:
            console.note("our own checks passed; Blender's validator did NOT run: no Blender module under .venv/")
            console.note(f"to run it: {validator.HOW}")
    return path


def install_and_validate(console: Console) -> Path:
    """Like ``build_and_validate``, but installs a Blender module first if there is none."""
    if validator.find_cli() is None:
        environments.ensure(BPY52 if pythons.find(BPY52.python) else BPY45, console)
    path = build_and_validate(console)
    if validator.find_cli() is None:
        raise Failure("The Blender module holds no validator.", "python3 build_addon.py clean, then run this again.")
    return path
