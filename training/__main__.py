"""`python -m training`: the data, meshes, the probes, and where the stages are.

    data ...       data sets: build, inspect, export (python -m training data --help)
    mesh           a motion on the user's own SMPL-X body, as GLB or OBJ
    probe          40 prompts through a bundle, checked by kinematics
Stages are modules of their own: training.tokenizer, training.language, training.export; whole runs: training/recipes.
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
        from . import mesh_command, probe
        from .data import commands as data
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed here: {_ENVIRONMENT}", file=sys.stderr)
        return 2
    parser = argparse.ArgumentParser(
        prog="python -m training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = parser.add_subparsers(dest="command", required=True)
    raw = argparse.RawDescriptionHelpFormatter
    data.add_arguments(parts.add_parser("data", help="data sets", description=data.__doc__, formatter_class=raw))
    mesh_command.add_arguments(parts.add_parser("mesh", help="a motion on an SMPL-X body"))
    probe.add_arguments(parts.add_parser("probe", help="40 prompts, checked by kinematics"))
    args = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return {"data": data.main, "mesh": mesh_command.main, "probe": probe.main}[args.command](args)


if __name__ == "__main__":
    sys.exit(main())
