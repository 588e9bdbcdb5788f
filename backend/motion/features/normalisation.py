"""Mean and standard deviation of feature rows, known by a fingerprint.

HumanML3D-263 is published with three sets, KIT-251 with one here. Weights of one run with another without an error and
slide or explode (papers.md 1.7), so whoever loads weights says which set they were made with: ``expect``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from . import humanml3d_statistics, kit_statistics
from .fingerprint import fingerprint
from .guo_skeleton import layout

FINGERPRINTS = {
    "humanml3d-a": "5b3bdbaea2e2334b525e4d1e3b1cde4a888b2ebadb57a6109381a0446d8e840e",
    "humanml3d-b": "507b80c3f9535b695492e1659cd968cf15962924d16502bb2cf8b867b721dfff",
    "humanml3d-c": "7afc7d0d4b2fa0b33d5d8237880ddbb3b1ac7451868e52831f7dabbf7db6d04d",
    "kit-b": "6872fed74c1d9518ece345a69f8306f94f81f9ee3045d205f1ba0ee75401e415",
}
"""sha256 of every published set. A: HumanML3D's own, MLD, MotionGPT3. B: the T2M evaluators, T2M-GPT, MotionGPT.
C: TMR. The evaluator of KIT-ML scales as B does."""
_NUMBERS = {
    "humanml3d-a": (humanml3d_statistics.MEAN_A, humanml3d_statistics.STD_A, 22),
    "humanml3d-b": (humanml3d_statistics.MEAN_B, humanml3d_statistics.STD_B, 22),
    "humanml3d-c": (humanml3d_statistics.MEAN_C, humanml3d_statistics.STD_C, 22),
    "kit-b": (kit_statistics.MEAN_B, kit_statistics.STD_B, 21),
}
"""name to mean and deviation as text, and the joints of the layout"""


@dataclass(frozen=True, eq=False)
class Normalisation:
    """``mean`` and ``std`` (D,) of feature rows as float32; read-only. ValueError says what does not fit."""

    name: str
    mean: np.ndarray
    std: np.ndarray

    def __post_init__(self):
        for field in ("mean", "std"):
            array = np.array(getattr(self, field), dtype=np.float32)
            if array.ndim != 1 or not np.isfinite(array).all():
                raise ValueError(f"{field} of {self.name} must be one row of finite numbers, got shape {array.shape}")
            array.flags.writeable = False
            object.__setattr__(self, field, array)
        if self.mean.shape != self.std.shape:
            raise ValueError(f"{self.name}: mean has {len(self.mean)} numbers, std has {len(self.std)}")
        if not (self.std > 0).all():
            raise ValueError(f"std of {self.name} must be positive: {int((self.std <= 0).sum())} numbers are not")

    @cached_property
    def fingerprint(self) -> str:
        """As bundles have it."""
        return fingerprint(self.mean, self.std)

    def apply(self, x) -> np.ndarray:
        """Rows (..., D) in their own units -> (..., D) of mean 0 and deviation 1, in the rows' precision."""
        return (self._fitting(x) - self.mean) / self.std

    def undo(self, x) -> np.ndarray:
        """The inverse of ``apply``."""
        return self._fitting(x) * self.std + self.mean

    def _fitting(self, x) -> np.ndarray:
        x = np.asarray(x)
        if x.shape[-1:] != self.mean.shape:
            raise ValueError(f"{self.name} normalises rows of {len(self.mean)} numbers, got {x.shape}")
        return x


def published(name: str) -> Normalisation:
    """The committed set of that name ("humanml3d-a" ...); ValueError that lists them for another."""
    if name not in _NUMBERS:
        raise ValueError(f"no published normalisation {name!r}; known: {', '.join(_NUMBERS)}")
    mean_text, std_text, joints = _NUMBERS[name]
    mean, std = (np.array(text.split(), dtype=np.float32) for text in (mean_text, std_text))
    blocks = layout(joints).values()
    if len(std) == len(blocks):  # the reference averages the deviations of a block
        std = np.repeat(std, [block.stop - block.start for block in blocks])
    return Normalisation(name, mean, std)


def expect(normalisation: Normalisation, fingerprint: str) -> None:
    """ValueError that says which set was expected and which was got, when they are not the same."""
    if not isinstance(fingerprint, str):
        raise ValueError(f"the normalisation that is expected is said by its fingerprint, got {str(fingerprint)[:40]}")
    if normalisation.fingerprint != fingerprint:
        raise ValueError(
            f"wrong normalisation: expected {_known(fingerprint)}, got {_known(normalisation.fingerprint)} "
            f"under the name {normalisation.name!r}; features scaled by another set give sliding or exploding motion"
        )


def _known(fingerprint: str) -> str:
    """A fingerprint in words: the published set that has it, and its first digits."""
    names = [name for name, known in FINGERPRINTS.items() if known == fingerprint]
    return f"{names[0] if names else 'an unpublished set'} (fingerprint {fingerprint[:8]})"
