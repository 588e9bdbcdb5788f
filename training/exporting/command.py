"""`python -m training export`: two finished runs become a bundle that generates.

    python -m training export --tokenizer runs/tokenizer --language runs/language/best \\
        --meta meta.json --card MODEL_CARD.md --out backend/weights/starter

A small model of ours is stored in int8, one on a base of others as its adapter (with --whole all of it).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = __doc__
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder of the tokenizer's run, or a bundle")
    parser.add_argument("--language", type=Path, required=True, help="folder of the language model's run, or its best/")
    parser.add_argument(
        "--meta", type=Path, required=True,
        help="JSON: name, version, licence, training_data, acknowledgement, metrics; on a base also base_licence",
    )  # fmt: skip
    parser.add_argument("--card", type=Path, required=True, help="the model card, Markdown")
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle; one that is there is replaced")
    parser.add_argument("--whole", action="store_true", help="on a base: put it in (of a run with 'save_whole')")


def main(args: argparse.Namespace) -> int:
    """The exit code; what is wrong with the input is one line on stderr and 2."""
    try:
        from .bundle import export  # torch, which the other commands start without

        meta, card = _meta(args.meta), args.card.read_text(encoding="utf-8")
        bundle = export(args.tokenizer, args.language, meta, card, args.out, replace=True, whole=args.whole)
    except (ValueError, OSError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    total = sum(entry.bytes for entry in bundle.files.values())
    print(f"{bundle.title}: {total / 2**20:.2f} MiB in {bundle.path}")
    return 0


def _meta(path: Path) -> dict:
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(meta, dict):
        raise ValueError(f"{path} must hold one JSON object, found {type(meta).__name__}")
    return meta
