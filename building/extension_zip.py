"""Packs the extension: ``blender_addon/`` at the root of the zip, ``backend/`` with its weights inside it."""

from __future__ import annotations

import ast
import os
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .console import Failure

PACKED = {".py", ".json", ".toml", ".safetensors", ".md", ".txt", ".png", ".svg"}
LEFT_OUT = {"__pycache__", "tests"}
# A zip knows no time before 1980; one fixed date makes the same sources give the same bytes.
DATE = (1980, 1, 1, 0, 0, 0)
# The oldest Python that an accepted Blender brings.
OLDEST_PYTHON = (3, 11)
# What a user downloads before the first motion; weights that do not fit belong into a bundle of their own.
LARGEST_BYTES = 20 * 2**20
MANIFEST_KEYS = ("schema_version", "id", "version", "name", "tagline", "maintainer", "type", "blender_version_min")


@dataclass(frozen=True)
class Sources:
    """Where the zip is made from and to; tests point it at a small tree of their own."""

    root: Path

    @property
    def addon(self) -> Path:
        return self.root / "blender_addon"

    @property
    def backend(self) -> Path:
        return self.root / "backend"

    @property
    def manifest(self) -> Path:
        return self.addon / "blender_manifest.toml"

    @property
    def dist(self) -> Path:
        return self.root / "dist"


def read_manifest(sources: Sources) -> dict:
    """The parsed manifest; Failure names the file or the key that is missing."""
    if not sources.manifest.is_file():
        raise Failure(f"{sources.manifest} is missing.", "Restore it from the repository: git checkout blender_addon")
    manifest = tomllib.loads(sources.manifest.read_text(encoding="utf-8"))
    missing = [key for key in MANIFEST_KEYS if not manifest.get(key)]
    if missing:
        raise Failure(f"{sources.manifest} lacks {', '.join(missing)}.", "Add these keys to the manifest.")
    return manifest


def content(sources: Sources) -> dict[str, Path]:
    """Name in the zip -> file, sorted by name: what an animator needs to run, without tests and caches."""
    files = {_inside(sources.addon, f): f for f in _packed(sources.addon)}
    files |= {"backend/" + _inside(sources.backend, f): f for f in _packed(sources.backend)}
    licence = sources.root / "LICENSE"
    if licence.is_file():
        files["LICENSE"] = licence
    return dict(sorted(files.items()))


def check(sources: Sources, files: dict[str, Path]) -> list[str]:
    """What is wrong with the content, one sentence each; empty when all is well."""
    wrong = []
    for needed in ("blender_manifest.toml", "__init__.py", "backend/__init__.py"):
        if needed not in files:
            wrong.append(f"{needed} is missing from the zip")
    if (sources.addon / "backend").exists():
        wrong.append("blender_addon/backend exists, but that place in the zip belongs to backend/")
    for name, path in files.items():
        if not name.endswith(".py"):
            continue
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=OLDEST_PYTHON)
        except SyntaxError as error:
            wrong.append(
                f"{name}, line {error.lineno}: does not parse with Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]}"
            )
            continue
        for line, module in _absolute_imports(tree):
            wrong.append(f"{name}, line {line}: imports {module!r} absolutely; inside the zip only relative works")
        if name == "__init__.py":
            functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            imported = {a.asname or a.name for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names}
            for function in ("register", "unregister"):
                if function not in functions | imported:
                    wrong.append(f"__init__.py has no {function}()")
    return wrong


def build(sources: Sources) -> Path:
    """Write ``dist/<id>-<version>.zip`` and return its path; the same sources give the same bytes."""
    manifest = read_manifest(sources)
    files = content(sources)
    wrong = check(sources, files)
    if wrong:
        raise Failure("The extension cannot be packed:\n" + "\n".join(f"- {w}" for w in wrong), "Fix the files named.")
    target = sources.dist / f"{manifest['id']}-{manifest['version']}.zip"
    sources.dist.mkdir(exist_ok=True)
    unfinished = target.with_suffix(f".{os.getpid()}.tmp")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, path in files.items():
                entry = zipfile.ZipInfo(name, DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o100644 << 16
                entry.create_system = 3
                archive.writestr(entry, path.read_bytes(), compresslevel=9)
        _check_size(unfinished, files)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def _check_size(path: Path, files: dict[str, Path]) -> None:
    """Failure for a zip of more than LARGEST_BYTES; it names the largest files."""
    size = path.stat().st_size
    if size <= LARGEST_BYTES:
        return
    largest = sorted(files, key=lambda name: -files[name].stat().st_size)[:3]
    raise Failure(
        f"The zip has {size / 2**20:.1f} MiB; up to {LARGEST_BYTES / 2**20:g} MiB are meant to be downloaded.",
        "Make smaller or leave out: "
        + ", ".join(f"{name} ({files[name].stat().st_size / 2**20:.1f} MiB)" for name in largest),
    )


def bundles(files: dict[str, Path]) -> list[str]:
    """Names of the weight bundles among the files."""
    return [n.split("/")[2] for n in files if n.startswith("backend/weights/") and n.endswith("/bundle.json")]


def _packed(folder: Path) -> list[Path]:
    found = []
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in parts)
        if path.is_file() and path.suffix in PACKED and not hidden and not LEFT_OUT & set(parts):
            found.append(path)
    return found


def _inside(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _absolute_imports(tree: ast.Module) -> list[tuple[int, str]]:
    """Line and name of each import of our own packages by an absolute name."""
    own = {"backend", "blender_addon", "training"}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, a.name) for a in node.names if a.name.split(".")[0] in own]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module.split(".")[0] in own:
                found.append((node.lineno, node.module))
    return found
