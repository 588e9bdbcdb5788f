"""What the text readers share: bounds on what a file may ask for, and errors that name file and line."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np


class FormatError(ValueError):
    """A file that cannot be read: ``path`` and, where one is to blame, the 1-based ``line``."""

    def __init__(self, path, line: int | None, message: str):
        where = f"{Path(path).name}, line {line}" if line else Path(path).name
        super().__init__(f"{where}: {message}")
        self.path, self.line = Path(path), line


@dataclass(frozen=True)
class Limits:
    """What one file may hold; a larger one is refused before memory is spent on it."""

    file_bytes: int = 256 * 1024 * 1024
    skeleton_bytes: int = 4 * 1024 * 1024
    joints: int = 1000
    depth: int = 200
    frames: int = 200_000
    values: int = 20_000_000


LIMITS = Limits()
_PIECE = 2**20
_SPACE = re.compile(r"\s")


def check_file(path, error: type[FormatError], most_bytes: int) -> None:
    """``error`` when it is missing, no regular file (opening a pipe would wait, a device never ends) or too large."""
    try:
        found = Path(path).stat()
    except OSError as reason:
        raise error(path, None, f"cannot be opened ({reason.strerror or reason})") from reason
    if not stat.S_ISREG(found.st_mode):
        raise error(path, None, "cannot be opened (it is no regular file)")
    _check_size(path, error, found.st_size, most_bytes)


def read_bytes(path, error: type[FormatError], most_bytes: int) -> bytes:
    """All that a regular file of at most ``most_bytes`` holds; ``error`` for any other."""
    check_file(path, error, most_bytes)
    try:
        with Path(path).open("rb") as file:
            data = file.read(most_bytes + 1)  # it may have grown, and some file systems do not tell sizes
    except OSError as reason:
        raise error(path, None, f"cannot be opened ({reason.strerror or reason})") from reason
    _check_size(path, error, len(data), most_bytes)
    return data


def _check_size(path, error: type[FormatError], size: int, most_bytes: int) -> None:
    if size > most_bytes:
        raise error(path, None, f"has {size:,} bytes; at most {most_bytes:,} are read")


def read_text(path, error: type[FormatError], most_bytes: int) -> str:
    """The file's text with line ends as \\n; ``error`` when it is missing, a folder, binary or larger than allowed."""
    data = read_bytes(path, error, most_bytes)
    if b"\0" in data[:4096]:
        raise error(path, None, "is a binary file, not a text file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # old exporters write names in the local code page
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _plain(text: str) -> bool:
    """float() also reads "1_0" as ten and other scripts' digits; a motion file that holds them is damaged."""
    return text.isascii() and "_" not in text


def number(token: str, path, line: int, error: type[FormatError]) -> float:
    """One finite number, or ``error``."""
    try:
        value = float(token)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value) or not _plain(token):
        raise error(path, line, f"expected a number, got {token[:40]!r}")
    return value


def numbers(tokens: list[str]) -> np.ndarray | None:
    """All ``tokens`` as finite float64, or None when one of them is not (the caller finds out which)."""
    if not _plain("".join(tokens)):
        return None
    try:
        values = np.array(list(map(float, tokens)), dtype=np.float64)
    except (ValueError, OverflowError):
        return None
    return values if np.isfinite(values).all() else None


def line_of(text: str, position: int) -> int:
    """1-based line number of a position in ``text``."""
    return text.count("\n", 0, position) + 1


def lines_from(text: str, position: int) -> Iterator[tuple[int, int, str]]:
    """(line number, position, line) from ``position`` on, without splitting the whole text."""
    line = line_of(text, position)
    while position <= len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        yield line, position, text[position:end]
        line, position = line + 1, end + 1


def pieces(text: str, position: int) -> Iterator[tuple[int, str]]:
    """(position, piece) of ``text`` from ``position`` on, cut at white space after about a million characters each. The
    tokens of a whole file at once would take twenty times its size."""
    while position < len(text):
        space = _SPACE.search(text, position + _PIECE)
        end = space.start() if space else len(text)
        yield position, text[position:end]
        position = end


def write_bytes(path, data: bytes) -> None:
    """Write ``path`` whole or not at all: under a temporary name first, then renamed."""
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
