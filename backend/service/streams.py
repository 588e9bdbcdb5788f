"""Standard input and output kept for the protocol alone. Imported before all else, so it imports only os and sys."""

from __future__ import annotations

import os
import sys


def claim() -> tuple[int, int]:
    """Private duplicates (read, write) of file descriptors 0 and 1; then 0 reads nothing and 1 is the log, 2.

    A library that prints, in Python or in C, writes to the log and cannot corrupt the protocol; one that asks a
    question gets an end of file. Duplicates are not inherited by processes that libraries start.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            # prompts in any language go to the log, whatever the console's code page; now, because a stream that was
            # opened on a file cannot be changed any more when its descriptor is a pipe
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    nothing = os.open(os.devnull, os.O_RDWR)
    read, write = os.dup(0), os.dup(1)
    os.dup2(nothing, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # started without an error stream (pythonw): the log goes nowhere
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
    os.close(nothing)
    if sys.platform == "win32":
        import msvcrt

        for fd in (read, write):
            msvcrt.setmode(fd, os.O_BINARY)
    return read, write
