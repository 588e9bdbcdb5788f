"""KIT-ML, the KIT Motion-Language Dataset, as Guo et al. hand it on: 251 numbers a frame, 12.5 frames a second."""

from __future__ import annotations

from dataclasses import dataclass

from backend.motion.features import kit251

from .guo_folder import GuoFolder
from .take import Terms


@dataclass(frozen=True)
class KitMl(GuoFolder):
    """``folder``: ``KIT-ML`` as HumanML3D's page links to it."""

    name = "kitml"
    terms = Terms(
        "KIT Motion-Language Dataset",
        "https://motion-annotation.humanoids.kit.edu/dataset/",
        "no licence is stated; to be cited: Plappert, Mandery, Asfour, The KIT Motion-Language Dataset, Big Data 4 "
        "(2016) 236-252",
    )
    codec = kit251
