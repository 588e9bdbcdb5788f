"""An import as a bundle: ``bundle.json`` says under config.imported which file it was."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from backend import bundles

from ..exporting.bundle_json import CARD
from . import writing
from .imported import Imported

IMPORTED = "imported"


def check_out(folder: Path) -> None:
    """ValueError unless ``folder`` is not there yet, or an earlier import with nothing of others in it."""
    if not folder.exists():
        return
    earlier = bundles.read_manifest(folder) if (folder / bundles.MANIFEST).is_file() else None
    if earlier is None or IMPORTED not in earlier.config:
        raise ValueError(f"{folder} is no earlier import; name a new folder")
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in (bundles.MANIFEST, *earlier.files))
    if foreign:
        raise ValueError(f"{folder} holds {foreign[0]!r}, which would be lost; name a new folder")


def write(folder: Path, name: str, source: Path, imported: Imported) -> None:
    """Write what the file ``source`` of the kind ``name`` became, whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        files = {CARD: _card(source, imported).encode(), **imported.copied}
        for file, document in imported.documents.items():
            files[file] = json.dumps(document, indent=1).encode() + b"\n"
        for file, tensors in imported.tensors.items():
            writing.save(tensors, Path(scratch) / file)
            files[file] = Path(scratch) / file
        said = dict(imported.bundle)
        said["config"] = said["config"] | {IMPORTED: writing.told(name, source, imported)}
        bundles.write(folder, said, files, replace=True)


def _card(source: Path, imported: Imported) -> str:
    said = imported.bundle
    tasks = ", ".join(said["tasks"]) or "none by itself: a motion tokenizer to train a language model on"
    lines = [
        f"# {said['name']}",
        f"Published weights that others trained, converted from `{source.name}`.",
        f"Tasks: {tasks}.",
        f"Trained on {', '.join(said['training_data'])}, features "
        "{codec} at {fps:g} fps with the normalisation {normalisation}.".format(**said["features"]),
        f"Licence: {imported.licence}.",
        imported.note,
    ]
    return "\n\n".join(line for line in lines if line) + "\n"
