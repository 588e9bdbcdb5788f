"""Text in pictures, in the font that Pillow brings along. It has English letters alone: those with accents are shown
without them, other scripts as boxes."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from PIL import Image, ImageDraw, ImageFont

from .body import LEFT, RIGHT
from .inks import CONTACT, PAPER, SIDES, TEXT
from .plain_text import printable

# Latin letters that are none with an accent, and dashes
_ENGLISH = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D",
     "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "–": "-", "—": "-"}
)  # fmt: skip


def english(text: str) -> str:
    """Latin letters without accents (é is e, ß is ss), everything else as it is."""
    apart = re.sub(r"(?<=[A-Za-z])[\u0300-\u036f]+", "", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", apart).translate(_ENGLISH)


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Kept, because it is asked for with every word; ``size`` in pixels."""
    return ImageFont.load_default(size)


def fitted(text: str, size: int, width: float) -> str:
    """As much of a text as fits into ``width`` pixels, with an ellipsis where it is cut off."""
    return wrapped(text, size, width, 1)[0]


@lru_cache(maxsize=256)
def wrapped(text: str, size: int, width: float, lines: int) -> tuple[str, ...]:
    """Exactly ``lines`` lines, broken between words, empty at the end where the text is short."""
    words = printable(english(text), 250 * lines).split()
    out = []
    for left in reversed(range(lines)):
        taken = len(words)
        while taken > 1 and font(size).getlength(" ".join(words[:taken])) > width:
            taken -= 1
        line, words = " ".join(words[:taken]), words[taken:]
        out.append(_cut(line, size, width, more=bool(words) and not left))
    return tuple(out)


def _cut(line: str, size: int, width: float, more: bool) -> str:
    """The line, or its beginning and an ellipsis where it is too long or there is ``more`` behind it."""
    whole = line + "…" * more
    while line and font(size).getlength(whole) > width:
        line = line[:-1]
        whole = line + "…"
    return whole


@lru_cache(maxsize=64)
def paragraph(text: str, size: int, width: int, lines: int) -> Image.Image:
    """The text on paper, ``width`` pixels wide: kept, because a film shows the same words in every picture."""
    pitch = round(size * 1.3)
    paper = Image.new("RGB", (width, pitch * lines + size // 3), PAPER)
    draw = ImageDraw.Draw(paper)
    for k, line in enumerate(wrapped(text, size, width, lines)):
        draw.text((0, pitch * k), line, fill=TEXT, font=font(size))
    return paper


def legend(draw: ImageDraw.ImageDraw, at: tuple[float, float], size: int) -> None:
    """What the colours mean, in one line that begins at ``at``."""
    x, y = at
    for ink, means in ((SIDES[LEFT], "left"), (SIDES[RIGHT], "right"), (CONTACT, "foot down")):
        draw.ellipse((x, y + size * 0.3, x + size * 0.7, y + size), fill=ink)
        draw.text((x + size, y), means, fill=TEXT, font=font(size))
        x += size * 2 + font(size).getlength(means)
