"""An import on disk: a folder with safetensors, JSON and ``import.json``, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from ..data.whole_folder import check_replaceable, written_whole
from .imported import Imported, Kind

DOCUMENT = "import.json"
FORMAT = 1
# by which an earlier import is known
_FIRST_LINE = f'{{"posewright_import": {FORMAT},'


def check_out(folder: Path, kind: Kind) -> None:
    """ValueError where the folder holds anything but an earlier import of that kind."""
    check_replaceable(folder, (*kind.files, DOCUMENT), DOCUMENT, _FIRST_LINE)


def write(folder: Path, name: str, source: Path, imported: Imported) -> None:
    """Write what the file ``source`` of the kind ``name`` became."""
    with written_whole(folder) as new:
        for file, tensors in imported.tensors.items():
            _save(tensors, new / file)
        for file, document in imported.documents.items():
            (new / file).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        files = {path.name: _entry(path) for path in sorted(new.iterdir())}
        said = {
            "posewright_import": FORMAT,
            "kind": name,
            "source": {"name": source.name, **_entry(source)},
            "licence": imported.licence,
            "left_out": list(imported.left_out),
            **imported.facts,
            "files": files,
        }
        lines = json.dumps(said, indent=1, ensure_ascii=False).removeprefix("{\n ")
        (new / DOCUMENT).write_text("{" + lines + "\n", encoding="utf-8")


def _save(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    try:
        save_file(dict(tensors), path, metadata={"format": "pt"})  # transformers asks for the mark
    except SafetensorError as error:  # a full disk, for one
        raise OSError(f"{path.name} cannot be written: {error}") from error


def _entry(path: Path) -> dict:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "bytes": path.stat().st_size}
