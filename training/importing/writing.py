"""The parts of an import on disk, and its folder where that is no bundle: safetensors and ``import.json``, whole or not
at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from ..data.whole_folder import check_replaceable, written_whole
from ..metrics import t2m_evaluator
from .imported import Imported

DOCUMENT = "import.json"
FORMAT = 1
# by which an earlier import is known
_FIRST_LINE = f'{{"posewright_import": {FORMAT},'


def check_out(folder: Path) -> None:
    """ValueError where the folder holds anything but an earlier import."""
    check_replaceable(folder, (t2m_evaluator.FILE, DOCUMENT), DOCUMENT, _FIRST_LINE)


def write(folder: Path, name: str, source: Path, imported: Imported) -> None:
    """Write what the file ``source`` of the kind ``name`` became."""
    with written_whole(folder) as new:
        for file, tensors in imported.tensors.items():
            save(tensors, new / file)
        said = {
            "posewright_import": FORMAT,
            **told(name, source, imported),
            "licence": imported.licence,
            "features": imported.features,
            "files": {path.name: entry(path) for path in sorted(new.iterdir())},
        }
        lines = json.dumps(said, indent=1, ensure_ascii=False).removeprefix("{\n ")
        (new / DOCUMENT).write_text("{" + lines + "\n", encoding="utf-8")


def told(name: str, source: Path, imported: Imported) -> dict:
    """Where an import comes from."""
    return {"kind": name, "source": {"name": source.name, **entry(source)}, "left_out": list(imported.left_out)}


def save(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    try:
        save_file(dict(tensors), path, metadata={"format": "pt"})  # transformers asks for the mark
    except SafetensorError as error:  # a full disk, for one
        raise OSError(f"{path.name} cannot be written: {error}") from error


def entry(path: Path) -> dict:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "bytes": path.stat().st_size}
