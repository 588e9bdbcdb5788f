"""From a published file to a folder of ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from . import guarded, mg1_lora, mgt5, t2m_evaluator, t2mgpt_vq, writing
from .imported import Imported

KINDS = {
    "t2mgpt-vq": t2mgpt_vq.KIND,
    "mgt5": mgt5.KIND,
    "mg1-lora": mg1_lora.KIND,
    "t2m-evaluator": t2m_evaluator.KIND,
}


def import_file(file: Path, name: str, out: Path) -> Imported:
    """Read ``file`` as the kind ``name``, write it to the folder ``out`` and return what was written. ValueError or
    OSError says what is wrong; then nothing is written."""
    kind = KINDS[name]
    writing.check_out(out, kind)
    found = guarded.read(file, kind.most_bytes)
    try:
        imported = kind.convert(found)
    except ValueError as error:
        raise ValueError(f"{file.name} does not fit --kind {name}: {error}{_hint(found, name)}") from error
    writing.write(out, name, file, imported)
    return imported


def _hint(found: Mapping, tried: str) -> str:
    """The kind that the file seems to be, where it is another."""
    names = [name for name, kind in KINDS.items() if name != tried and kind.recognises(found)]
    return f"; it may be --kind {names[0]}" if names else ""
