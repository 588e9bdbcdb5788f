"""`python -m training import FILE --kind KIND --out DIR`: weights that others published, as safetensors.

The file is opened so that nothing in it can run, its tensors are compared with the names and shapes of the published
one, and what they were trained with (feature codec, frame rate, normalisation) is written beside them. Kinds:
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

KINDS = {
    "t2mgpt-vq": "T2M-GPT's or MotionGPT 1's motion tokenizer",
    "mgt5": "OpenMotionLab's MotionGPT: motion tokenizer and T5",
    "mg1-lora": "MotionGPT 1's LoRA on LLaMA-1 7B or 13B",
    "t2m-evaluator": "Guo's text-to-motion evaluator",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = f"{__doc__}\n" + "\n".join(f"{name:15}{title}" for name, title in KINDS.items())
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", type=Path, metavar="FILE", help="the published checkpoint")
    parser.add_argument("--kind", choices=KINDS, required=True, help="what it is")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder, or an earlier import")


def main(args: argparse.Namespace) -> int:
    """The exit code; what is wrong with the file or the machine is one line on stderr and 2."""
    try:
        from .importer import import_file  # torch, which the other commands start without

        print(_told(args.file, args.out, import_file(args.file, args.kind, args.out)))
    except (ValueError, OSError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _told(file: Path, out: Path, imported) -> str:
    """What was written, in words; the licence last."""
    count = sum(len(tensors) for tensors in imported.tensors.values())
    lines = [f"{file.name}: {count} tensors in {out}"]
    if "features" in imported.facts:
        lines.append(
            "features: {codec} at {fps:g} fps, normalisation {normalisation}".format(**imported.facts["features"])
        )
    if "base_model" in imported.facts:
        lines.append("base: {name} ({hub}); {note}".format(**imported.facts["base_model"]))
    if imported.left_out:
        lines.append(f"left out: {', '.join(imported.left_out)}")
    return "\n".join([*lines, f"licence: {imported.licence}"])
