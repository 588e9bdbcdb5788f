#!/usr/bin/env python3
"""Builds, tries and tests Posewright. Needs Python 3.11 or later and nothing else; installs into .venv/ alone.

python3 build_addon.py build        dist/posewright-<version>.zip
python3 build_addon.py demo PROMPT  a text to a keyframed character: demo-out/demo.blend, .glb, .bvh, .png
python3 build_addon.py test         everything that .ci/run checks
python3 build_addon.py validate     build, then Blender's own extension validator
python3 build_addon.py clean        remove dist/, demo-out/ and .venv/
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

# An older Python must get this sentence, not the failure of an import below.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        f"build_addon.py needs Python 3.11 or later, this is {sys.version.split()[0]}. Try: python3.11 build_addon.py"
    )

from building import demonstration, packing, testing
from building.console import Console, Failure
from building.environments import ROOT

MADE = ("dist", "demo-out", ".venv")


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """The command line; argparse ends the program with its own message on a wrong one."""
    parser = argparse.ArgumentParser(
        prog="build_addon.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="pack the extension zip")
    demo = commands.add_parser("demo", help="generate a motion onto a character through the add-on")
    demo.add_argument("prompt", help='what the character does, e.g. "a person walks forward"')
    demo.add_argument(
        "--seconds", type=float, default=5.0, help="length of the motion up to 10, 0 lets the model choose (default 5)"
    )
    demo.add_argument("--seed", type=int, default=0, help="the same seed gives the same motion (default 0)")
    demo.add_argument(
        "--engine",
        choices=demonstration.ENGINES,
        default="auto",
        help="torch installs torch first (default auto: what runs from the zip alone)",
    )
    demo.add_argument("--out", type=Path, default=ROOT / "demo-out", help="folder for the files (default demo-out)")
    commands.add_parser("test", help="set up and run all checks")
    commands.add_parser("validate", help="build and run Blender's validator, installing it if need be")
    commands.add_parser("clean", help="remove what the other commands made")
    return parser.parse_args(given)


def clean(console: Console) -> None:
    """Remove every folder that the other commands make."""
    for name in MADE:
        with console.step(f"Removing {name}/"):
            if (ROOT / name).exists():
                shutil.rmtree(ROOT / name)


def main(given: list[str] | None = None) -> int:
    """Run one command; returns the exit code. A Failure ends it with its message and remedy, without a traceback."""
    options, console = arguments(given), Console()
    try:
        if options.command == "build":
            packing.build_and_validate(console)
        elif options.command == "demo":
            wish = demonstration.Wish(options.prompt, options.seconds, options.seed, options.engine)
            return demonstration.run(console, wish, options.out)
        elif options.command == "test":
            return testing.run_all(console)
        elif options.command == "validate":
            packing.install_and_validate(console)
        else:
            clean(console)
    except Failure as failure:
        console.failure(failure)
        return 1
    except KeyboardInterrupt:
        console.line("\nStopped. Run the same command again; what was finished is kept.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
