"""A clip: one named take of one performer, on a canonical skeleton and clean."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backend.motion.motion import Motion

from .caption_lines import CaptionLine


@dataclass(frozen=True)
class Clip:
    """``id`` is unique over all sources; ``label`` is what the source says was done (for ours its key in phrases.json);
    ``group`` is the (subject x label) unit that a split never tears apart. ``split``: where the source divides itself.
    """

    id: str
    source: str
    subject: str
    label: str
    motion: Motion
    captions: tuple[CaptionLine, ...] = ()
    split: str | None = None

    @property
    def group(self) -> str:
        return group(self.subject, self.label)

    @property
    def seconds(self) -> float:
        return self.motion.seconds


def group(subject: str, label: str) -> str:
    """The name of a (subject x label) unit."""
    # libraries ship one movement twice, in place and with root motion: "Crawl" and "Crawl RM" are one group
    return f"{subject}/{re.sub(r'[ _](RM|Loop)$', '', label)}"
