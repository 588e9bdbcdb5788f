"""A clip: one named take of one performer, retargeted to SMPL-22 at 30 fps."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backend.motion.motion import Motion


@dataclass(frozen=True)
class Clip:
    """``id`` is unique over all sources; ``label`` is what the source says was done (its key in phrases.json);
    ``group`` is the (subject x label) unit that a split never tears apart."""

    id: str
    source: str  # "cmu", "o3de" or "cc0"
    subject: str
    label: str
    motion: Motion

    @property
    def group(self) -> str:
        # libraries ship one movement twice, in place and with root motion: "Crawl" and "Crawl RM" are one group
        return f"{self.subject}/{re.sub(r'[ _](RM|Loop)$', '', self.label)}"

    @property
    def seconds(self) -> float:
        return self.motion.seconds
