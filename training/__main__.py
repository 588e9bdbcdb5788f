"""`python -m training`: the data, meshes, published weights, the probes, and where the stages are.

    data ...       data sets: build, inspect, export (python -m training data --help)
    tokenizer ...  motion tokenizers: train, eval
    language ...   language models: align, instruct, motiongpt
    mesh           a motion on the user's own SMPL-X body, as GLB or OBJ
    export         finished runs as a bundle that generates
    import         weights that others published, as a bundle
    evaluate       a bundle's tasks on unseen motions, beside baselines
    probe          40 prompts through a bundle, checked by kinematics
Whole runs: training/recipes.
"""

from __future__ import annotations

import argparse
import logging
import sys

_ENVIRONMENT = (
    "training runs in .venv/py311, which `python3 build_addon.py test` makes, "
    "or where `pip install '.[training]'` was run"
)


def main(arguments: list[str] | None = None) -> int:
    try:
        from . import mesh_command, probe, tokenizer_command
        from .data import commands as data
        from .evaluation import command as evaluating
        from .exporting import command as exporting
        from .importing import command as importing
        from .language import command as language
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed here: {_ENVIRONMENT}", file=sys.stderr)
        return 2
    parser = argparse.ArgumentParser(
        prog="python -m training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = parser.add_subparsers(dest="command", required=True)
    raw = argparse.RawDescriptionHelpFormatter
    data.add_arguments(parts.add_parser("data", help="data sets", description=data.__doc__, formatter_class=raw))
    tokenizer_command.add_arguments(parts.add_parser("tokenizer", help="motion tokenizers"))
    language.add_arguments(parts.add_parser("language", help="language models"))
    mesh_command.add_arguments(parts.add_parser("mesh", help="a motion on an SMPL-X body"))
    exporting.add_arguments(parts.add_parser("export", help="finished runs as a bundle"))
    importing.add_arguments(parts.add_parser("import", help="weights that others published"))
    evaluating.add_arguments(parts.add_parser("evaluate", help="a bundle's tasks on unseen motions"))
    probe.add_arguments(parts.add_parser("probe", help="40 prompts, checked by kinematics"))
    args = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    commands = {
        "data": data.main, "tokenizer": tokenizer_command.main, "language": language.main, "mesh": mesh_command.main,
        "export": exporting.main, "import": importing.main, "evaluate": evaluating.main, "probe": probe.main,
    }  # fmt: skip
    return commands[args.command](args)


if __name__ == "__main__":
    sys.exit(main())
