"""The limit on numpy's threads. Its BLAS reads the environment when numpy is first imported, so this module runs before
all else and imports only the standard library's least."""

from __future__ import annotations

import os
import re

VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "BLIS_NUM_THREADS",
)
ENOUGH = 2
"""what was measured to help with matrices as small as ours. More threads wait for each other more: on a busy machine a
clip can then take seconds, because OpenBLAS waits for the slowest of them at every matrix"""


def limit(arguments: list[str]) -> None:
    """Set the variables to the ``--threads`` of a command line; without it, and unless the user has set one of them,
    OpenBLAS takes ENOUGH. What is no number is left for the command line to refuse."""
    asked = _asked(arguments)
    if asked is not None:
        os.environ.update(dict.fromkeys(VARIABLES, asked))
    elif not any(name in os.environ for name in VARIABLES):
        os.environ["OPENBLAS_NUM_THREADS"] = str(min(ENOUGH, os.cpu_count() or 1))


def _asked(arguments: list[str]) -> str | None:
    """The last ``--threads N`` or ``--threads=N``, as argparse takes it."""
    found = None
    for argument, following in zip(arguments, [*arguments[1:], ""]):
        name, equals, value = argument.partition("=")
        if name == "--threads":
            found = value if equals else following
    usable = found is not None and re.fullmatch(r"0*[1-9][0-9]{0,5}", found, re.ASCII)
    return found if usable else None
