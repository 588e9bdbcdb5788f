"""The command line of a benchmark that needs nothing but to be run: measure, show, save."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from .machine import Others, machine
from .table import Row, save, show


def run(name: str, about: str, title: str, measure: Callable[[], list[Row]], arguments: list[str] | None = None) -> int:
    """Run ``python -m benchmarks.<name>``; ``about`` is the module's docstring. The exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=about.split("\n")[0])
    parser.add_argument("--json", type=Path, help="write the rows here too")
    options = parser.parse_args(arguments)
    others = Others()
    rows = measure()
    here = machine(others)
    show(title, here, rows)
    if options.json:
        save(options.json, title, here, rows)
    return 0
