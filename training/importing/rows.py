"""The feature rows that published networks read: which codec and which normalisation, known by their width."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from backend.motion.features.codec import Codec, codec
from backend.motion.features.normalisation import Normalisation, published


@dataclass(frozen=True)
class Rows:
    """``codec`` and ``normalisation`` by name, and the ``data`` that they were taken from with their ``conditions``."""

    codec: str
    normalisation: str
    data: str
    conditions: str

    def format(self) -> Codec:
        return codec(self.codec)

    def scale(self) -> Normalisation:
        """Set B: what T2M-GPT, both MotionGPT and the evaluators were trained with."""
        return published(self.normalisation)

    def tensors(self) -> dict[str, torch.Tensor]:
        """``mean`` and ``std`` (width,)."""
        scale = self.scale()
        return {"mean": torch.tensor(scale.mean), "std": torch.tensor(scale.std)}

    def facts(self) -> dict:
        """As a bundle's ``features`` has them, and the name of the normalisation."""
        return {
            "codec": self.codec,
            "fps": float(self.format().fps),
            "normalisation": self.normalisation,
            "fingerprint": self.scale().fingerprint,
        }


HUMANML3D = Rows(
    "humanml263",
    "humanml3d-b",
    "HumanML3D",
    "weights trained on HumanML3D inherit the research and non-commercial conditions of AMASS and SMPL (MPI)",
)
KIT = Rows("kit251", "kit-b", "KIT-ML", "weights trained on KIT-ML inherit its research conditions")


def of_width(width: int, beside: int = 0) -> Rows:
    """The rows of that many numbers, ``beside`` of which the network does not read; ValueError for another width."""
    known = {rows.format().width - beside: rows for rows in (HUMANML3D, KIT)}
    if width not in known:
        raise ValueError(f"it reads {width} features a frame, published are {' and '.join(map(str, known))}")
    return known[width]
