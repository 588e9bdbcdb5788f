"""How far a build is: a bar in a terminal, a line now and then in a log file."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

_LINE_SECONDS = 20.0


class Meter:
    """Call it with items done, items in all and takes left out."""

    def __enter__(self) -> Meter:
        self.bar = tqdm(unit=" items", disable=not sys.stderr.isatty())
        self.said = time.monotonic()
        return self

    def __exit__(self, *_) -> None:
        self.bar.close()

    def __call__(self, done: int, total: int, left: int) -> None:
        self.bar.total = total
        self.bar.set_postfix_str(f"{left} left out", refresh=False)
        self.bar.update(done - self.bar.n)
        now = time.monotonic()
        if self.bar.disable and now - self.said >= _LINE_SECONDS:
            print(f"{done:,} of {total:,} items, {left:,} left out", file=sys.stderr, flush=True)
            self.said = now
