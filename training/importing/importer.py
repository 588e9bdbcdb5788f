"""From a published file to a bundle, or to a folder of ours where it generates nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from . import bundling, guarded, mg1_lora, mgt5, t2m_evaluator, t2mgpt_vq, writing
from .imported import NOTHING, Imported, Kind, Options

KINDS = {
    "t2mgpt-vq": t2mgpt_vq.KIND,
    "mgt5": mgt5.KIND,
    "mg1-lora": mg1_lora.KIND,
    "t2m-evaluator": t2m_evaluator.KIND,
}


def import_file(file: Path, name: str, out: Path, options: Options = NOTHING) -> Imported:
    """Read ``file`` as the kind ``name``, write it to the folder ``out`` and return what was written. ValueError or
    OSError says what is wrong; then nothing is written."""
    kind = KINDS[name]
    _check_options(name, kind, options)
    writer = bundling if kind.bundle else writing
    writer.check_out(out)
    found = guarded.read(file, kind.most_bytes)
    try:
        imported = kind.convert(found, options)
    except ValueError as error:
        raise ValueError(f"{file.name} does not fit --kind {name}: {error}{_hint(found, name)}") from error
    writer.write(out, name, file, imported)
    return imported


def _check_options(name: str, kind: Kind, options: Options) -> None:
    """ValueError for an option that is missing, and for one that would do nothing."""
    for option, value in asdict(options).items():
        shown = f"--{option.replace('_', '-')}"
        if option in kind.needs and value is None:
            raise ValueError(f"--kind {name} needs {shown} DIR, {kind.needs[option]}")
        if option not in kind.needs and value is not None:
            raise ValueError(f"{shown} has no meaning for --kind {name}; leave it out")


def _hint(found: Mapping, tried: str) -> str:
    """The kind that the file seems to be, where it is another."""
    names = [name for name, kind in KINDS.items() if name != tried and kind.recognises(found)]
    return f"; it may be --kind {names[0]}" if names else ""
