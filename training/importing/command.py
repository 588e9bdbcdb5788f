"""`python -m training import FILE --kind KIND --out DIR`: weights that others published, as a bundle.

The file is opened so that nothing in it can run, its tensors are compared with the names and shapes of the published
one, and what they were trained with (feature codec, frame rate, normalisation, prompts) is written beside them. A
motion tokenizer becomes a bundle without tasks, to measure it or to train a language model on; the evaluator, which
generates nothing, a folder for training.metrics. Kinds:
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
    parser.add_argument("--tokenizer", type=Path, metavar="DIR", help="mgt5: folder with flan-t5-base's tokenizer.json")
    parser.add_argument("--tokenizer-bundle", type=Path, metavar="DIR", help="mg1-lora: an imported t2mgpt-vq")


def main(args: argparse.Namespace) -> int:
    """The exit code; what is wrong with the file or the machine is one line on stderr and 2."""
    try:
        from .importer import Options, import_file  # torch, which the other commands start without

        options = Options(args.tokenizer, args.tokenizer_bundle)
        print(_told(args.file, args.out, import_file(args.file, args.kind, args.out, options)))
    except (ValueError, OSError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _told(file: Path, out: Path, imported) -> str:
    """What was written, in words; the licence last."""
    count = sum(len(tensors) for tensors in imported.tensors.values())
    lines = [
        f"{file.name}: {count} tensors in {out}",
        "features: {codec} at {fps:g} fps, normalisation {normalisation}".format(**imported.features),
    ]
    if imported.bundle:
        lines.append(f"tasks: {', '.join(imported.bundle['tasks']) or 'none, it is a motion tokenizer'}")
    if imported.left_out:
        lines.append(f"left out: {', '.join(imported.left_out)}")
    if imported.note:
        lines.append(f"note: {imported.note}")
    return "\n".join([*lines, f"licence: {imported.licence}"])
