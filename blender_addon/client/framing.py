"""``Content-Length: N``, an empty line, N bytes of JSON: the framing of the Language Server Protocol."""

from __future__ import annotations

import json
from typing import BinaryIO

MAX_HEADER = 4096
MAX_BYTES = 64 * 2**20


class NotAMessage(ValueError):
    """Bytes that are not framed JSON; the text shows their beginning."""


def write(stream: BinaryIO, message: dict) -> None:
    data = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    stream.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
    stream.flush()


def read(stream: BinaryIO) -> dict | None:
    """The next message, or None when the stream has ended; NotAMessage for anything else."""
    length = None
    while True:
        line = stream.readline(MAX_HEADER)
        if not line:
            return None
        if line in (b"\r\n", b"\n") and length is not None:
            break
        name, colon, value = line.partition(b":")
        if not line.endswith(b"\n") or not colon:
            raise NotAMessage(_shown(line))
        if name.strip().lower() == b"content-length":
            if not value.strip().isdigit() or not 0 < int(value) <= MAX_BYTES:
                raise NotAMessage(_shown(line))
            length = int(value)
    data = stream.read(length)
    if len(data) < length:
        return None
    try:
        message = json.loads(data)
    except ValueError as error:
        raise NotAMessage(_shown(data)) from error
    if not isinstance(message, dict):
        raise NotAMessage(_shown(data))
    return message


def _shown(data: bytes) -> str:
    text = data[:80].decode("utf-8", "replace").strip()
    return "".join(c if c.isprintable() else "?" for c in text) or "an empty line"
