"""Text of files from elsewhere, made safe for a terminal and short enough for a picture."""

from __future__ import annotations


def printable(text: str, most: int = 200) -> str:
    """At most ``most`` characters of one line: what cannot be printed (terminal codes, line ends) is a replacement
    mark, what is cut off an ellipsis."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in cut)


def encodable(text: str, encoding: str | None) -> str:
    """The text with marks for what a terminal of this encoding cannot show: a word of a caption must not end a report
    that a pipe under Windows takes."""
    known = encoding or "utf-8"
    return text.encode(known, "replace").decode(known)
