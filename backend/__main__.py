"""``python -m backend``: see ``cli.py``."""

import sys

from .service import streams


def _run() -> int:
    owned = streams.claim() if sys.argv[1:2] in (["serve"], ["generate"]) else None
    from .cli import main

    return main(sys.argv[1:], owned)


if __name__ == "__main__":
    sys.exit(_run())
