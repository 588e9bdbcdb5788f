"""Framing of JSON-RPC messages: ``Content-Length: N``, an empty line, N bytes of UTF-8 JSON. Standard library only."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO

MAX_HEADER_BYTES = 4096
MAX_MESSAGE_BYTES = 64 * 2**20

# at the end of a line, not at its start: after junk the header may stand glued to the junk's last bytes
_LENGTH = re.compile(rb"Content-Length:[ \t]*(\d{1,12})[ \t]*\r?\n\Z", re.IGNORECASE)
_HEADER = re.compile(rb"[A-Za-z-]+:[^\r\n]*\r?\n\Z")


class FramingError(ValueError):
    """What arrived is not a message; reading can go on with the next one."""


def _refuse(name: str):
    raise ValueError(f"{name} is not JSON")


def messages(stream: BinaryIO, limit: int = MAX_MESSAGE_BYTES) -> Iterator[dict | FramingError]:
    """The messages of ``stream`` until it ends. Junk between messages, a body over ``limit`` bytes and a body that is
    no JSON object give a FramingError each and are skipped; no more than ``limit`` bytes are ever held."""
    while True:
        length, junk = _find_length(stream)
        if junk:
            yield FramingError(f"expected 'Content-Length: N', got {junk[:40]!r}")
        if length is None:
            return
        if length > limit:
            # not skipped by its length, which may itself be junk: the search for the next header does it
            yield FramingError(f"a message of {length} bytes is over the limit of {limit}")
            continue
        if not _skip_headers(stream):
            yield FramingError(f"headers over {MAX_HEADER_BYTES} bytes, or no empty line after them")
            continue
        body = stream.read(length)
        if len(body) < length:
            return
        try:
            message = json.loads(body, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            yield FramingError(f"the body is not JSON: {error}")
            continue
        yield message if isinstance(message, dict) else FramingError("the body is not a JSON object")


def _find_length(stream: BinaryIO) -> tuple[int | None, bytes]:
    """The next content length (None at the end) and the beginning of any junk before it."""
    junk, tail = b"", b""
    while line := stream.readline(MAX_HEADER_BYTES):
        tail = (tail + line)[-MAX_HEADER_BYTES:]
        if found := _LENGTH.search(tail):
            # the part of the line before the header is junk as well
            before = line[: max(0, len(line) - len(found.group()))]
            return int(found.group(1)), junk or before.strip()
        if line.endswith(b"\n"):
            tail = b""
        if not line.lower().startswith(b"content-type:"):
            junk = junk or line.strip()[:80]
    return None, junk


def _skip_headers(stream: BinaryIO) -> bool:
    """Past the empty line after the headers; False when there is none."""
    left = MAX_HEADER_BYTES
    while line := stream.readline(left):
        if line in (b"\r\n", b"\n"):
            return True
        left -= len(line)
        if left <= 0 or not _HEADER.fullmatch(line):
            return False
    return False


class Sender:
    """Writes messages to a stream, whole, from any thread. ``lost`` is called once when nobody reads any more."""

    def __init__(self, stream: BinaryIO, lost: Callable[[], None] = lambda: None):
        self._stream, self._lost = stream, lost
        self._lock = threading.Lock()
        self._broken = False

    def send(self, message: dict):
        """TypeError or ValueError when the message is not JSON; nothing is written then."""
        body = json.dumps({"jsonrpc": "2.0", **message}, allow_nan=False, separators=(",", ":")).encode()
        with self._lock:
            if self._broken:
                return
            try:
                self._stream.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
                self._stream.flush()
            except (OSError, ValueError):  # ValueError: the stream was closed
                self._broken = True
        if self._broken:
            self._lost()

    def notify(self, method: str, params: dict):
        self.send({"method": method, "params": params})

    def answer(self, request_id, result):
        self.send({"id": request_id, "result": result})

    def fail(self, request_id, error: dict):
        self.send({"id": request_id, "error": error})
