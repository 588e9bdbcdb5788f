"""``Bundle``: what ``bundle.json`` says, with every field checked."""

from __future__ import annotations

import re
import reprlib
from dataclasses import dataclass
from pathlib import Path

FORMAT = 1
MANIFEST = "bundle.json"
MAX_MANIFEST_BYTES = 2**20
MAX_FILES = 64
MAX_FILE_BYTES = 32 * 2**30
# a bundle is data: nothing in it is unpickled or run
SUFFIXES = (".safetensors", ".json", ".md", ".txt")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class BundleError(ValueError):
    """A bundle that cannot be used: the file, what was expected and what was found. What to do about it differs between
    Blender and the command line, so they add it (``service.server``, ``cli``)."""


def named(folder: Path, file: str) -> str:
    """A file of a bundle as errors call it: the whole path of an installed add-on would fill the panel."""
    return f"bundle {folder.name!r}: {file}"


def shown(value) -> str:
    """What was found, for an error: short however large it is (``repr`` of deeply nested JSON would fail)."""
    return reprlib.repr(value)[:60]


def weights_folder() -> Path:
    """The folder of the bundles that come with Posewright."""
    return Path(__file__).resolve().parent.parent / "weights"


def default_bundle_path() -> Path:
    return weights_folder() / "starter"


@dataclass(frozen=True)
class FileEntry:
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Bundle:
    """A manifest that has been checked, and the folder it lies in."""

    path: Path
    name: str
    version: str
    system: str
    """which of backend/systems runs it, e.g. "motiongpt2" """
    tasks: tuple[str, ...]
    engines: tuple[str, ...]
    prompt_version: int
    config: dict
    """one dict of dataclass fields a network"""
    features: dict
    """codec, fps, fingerprint of the normalisation"""
    licence: str
    training_data: tuple[str, ...]
    acknowledgement: str
    metrics: dict
    files: dict[str, FileEntry]

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"

    def file(self, name: str) -> Path:
        """The path of a file of the bundle; BundleError when the manifest does not name it."""
        if name not in self.files:
            raise BundleError(f"bundle {self.path.name!r} holds no {name} (it has {', '.join(self.files)})")
        return self.path / name

    def to_manifest(self) -> dict:
        return {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "system": self.system,
            "tasks": list(self.tasks),
            "engines": list(self.engines),
            "prompt_version": self.prompt_version,
            "config": self.config,
            "features": self.features,
            "licence": self.licence,
            "training_data": list(self.training_data),
            "acknowledgement": self.acknowledgement,
            "metrics": self.metrics,
            "files": {name: {"sha256": f.sha256, "bytes": f.bytes} for name, f in self.files.items()},
        }

    @classmethod
    def from_manifest(cls, path: Path, manifest: dict) -> Bundle:
        """The Bundle of a parsed ``bundle.json``; BundleError names the field that does not fit."""
        where = named(path, MANIFEST)

        def take(key, kind, check=lambda v: True):
            if key not in manifest:
                raise BundleError(f"{where}: {key!r} is missing")
            value = manifest[key]
            if type(value) is not kind or not check(value):
                raise BundleError(f"{where}: {key!r} must be {_WANTED[kind]}, got {shown(value)}")
            return value

        def words(key, least=0):
            return tuple(take(key, list, lambda v: len(v) >= least and all(isinstance(w, str) and w for w in v)))

        if not isinstance(manifest, dict):
            raise BundleError(f"{where}: expected a JSON object, found {type(manifest).__name__}")
        found = manifest.get("format")
        if found != FORMAT or isinstance(found, bool):
            raise BundleError(f"{where}: this version of Posewright reads bundle format {FORMAT}, found {shown(found)}")
        return cls(
            path,
            take("name", str, bool),
            take("version", str, bool),
            take("system", str, bool),
            words("tasks"),
            words("engines", least=1),
            take("prompt_version", int),
            take("config", dict),
            take("features", dict),
            take("licence", str, bool),
            words("training_data"),
            take("acknowledgement", str),
            take("metrics", dict),
            _files(where, take("files", dict, bool)),
        )


_WANTED = {
    str: "text",
    int: "a whole number",
    list: "a list of texts",
    dict: "a JSON object with at least what it needs",
}


def check_file_name(name: str, where: str) -> str:
    """The name itself; BundleError when it could lead out of the folder or is of a kind that bundles do not hold."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == MANIFEST:
        raise BundleError(f"{where}: {str(name)[:60]!r} is not a plain file name")
    if not name.endswith(SUFFIXES):
        raise BundleError(f"{where}: {name} is of a kind that bundles do not hold ({' '.join(SUFFIXES)})")
    return name


def _files(where: str, files: dict) -> dict[str, FileEntry]:
    if len(files) > MAX_FILES:
        raise BundleError(f"{where}: {len(files)} files are named, at most {MAX_FILES} are accepted")
    entries = {}
    for name, entry in files.items():
        check_file_name(name, where)
        size = entry.get("bytes") if isinstance(entry, dict) else None
        if type(size) is not int or not 0 <= size <= MAX_FILE_BYTES:
            raise BundleError(f"{where}: 'bytes' of {name} must be a file size, got {shown(size)}")
        digest = entry.get("sha256")
        if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
            raise BundleError(f"{where}: 'sha256' of {name} must be 64 hex digits, got {shown(digest)}")
        entries[name] = FileEntry(digest, size)
    return entries
