"""``python -m backend``: see ``cli.py``."""

import sys

from .service import streams, threads


def _run() -> int:
    threads.limit(sys.argv[2:])
    owned = streams.claim() if sys.argv[1:2] in (["serve"], ["generate"], ["describe"], ["retarget"]) else None
    from .cli import main

    return main(sys.argv[1:], owned)


if __name__ == "__main__":
    sys.exit(_run())
