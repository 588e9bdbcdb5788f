"""HumanML3D: 263 numbers a frame, 20 frames a second, as its repository's scripts make them or made anew from AMASS."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from backend.motion.body_model import model_path
from backend.motion.features import humanml263

from . import bodies
from .guo_folder import GuoFolder
from .humanml3d_index import Span, read_index
from .humanml3d_rebuild import GENDERS, Recordings, mirrored
from .take import Terms

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HumanML3D(GuoFolder):
    """``folder``: ``HumanML3D`` of the repository; index.csv and ``pose_data`` lie in it or beside it. A clip that has
    neither rows nor joints there is made from ``amass``, with ``body_models`` as ``Recordings`` says."""

    amass: Path | None = None
    body_models: Path | None = None
    name = "humanml3d"
    terms = Terms(
        "HumanML3D",
        "https://github.com/EricGuo5513/HumanML3D",
        "sentences MIT; motions as AMASS (non-commercial scientific research, amass.is.tue.mpg.de/license.html) and "
        "HumanAct12 allow",
    )
    codec = humanml263

    def check(self) -> None:
        """Also that what a rebuild needs is there."""
        super().check()
        index = self.index  # read here, so that a damaged one is said once
        if not self.amass:
            return
        if not self.amass.is_dir():
            raise FileNotFoundError(f"{self.amass} is not a folder; AMASS' data sets should lie in it")
        if not index:
            raise ValueError(f"{self.folder} has no index.csv in it or beside it, so no clip can be found in AMASS")
        if not self.body_models:
            _log.warning(
                "no body models: what is made from AMASS stands on one body for all performers and is near to the "
                "published rows, not the same"
            )
        for gender in GENDERS if self.body_models else ():
            model_path(self.body_models, "smplh", gender)

    def beside(self) -> list[Path]:
        index = self._repository / "index.csv"
        return [*super().beside(), *([index] if index.is_file() else []), *bodies.files(self.body_models)]

    def ids(self) -> list[str]:
        """As ``GuoFolder`` finds them; with ``amass`` those of one recording together, which is then read once."""
        found = super().ids() or [clip for name in self.index for clip in (name, f"M{name}")]
        return sorted(found, key=self._recording) if self.amass else found

    def subject(self, clip: str) -> str:
        """AMASS' performer, such as "KIT/3", by index.csv."""
        span = self._span(clip)
        return span.performer if span else self.name

    def has_motions(self) -> bool:
        return self.amass is not None or super().has_motions()

    def motion_path(self, clip: str) -> Path:
        span = self._made_from(clip)
        return self._recordings.path(span) if span else super().motion_path(clip)

    def rows(self, clip: str) -> np.ndarray:
        span = self._made_from(clip)
        if span is None:
            return super().rows(clip)
        positions = self._recordings.positions(span)
        return self.described(self._recordings.path(span), positions if clip in self.index else mirrored(positions))

    @cached_property
    def index(self) -> dict[str, Span]:
        """Clip -> where it was cut from; mirrored clips are not named. Empty without index.csv."""
        path = self._repository / "index.csv"
        return read_index(path) if path.is_file() else {}

    @cached_property
    def _repository(self) -> Path:
        folder = self.folder.absolute()
        beside = folder.name == "HumanML3D" and not (folder / "index.csv").is_file()
        return folder.parent if beside else folder

    @cached_property
    def _recordings(self) -> Recordings:
        return Recordings(self.amass, self._repository, self.body_models)

    def _made_from(self, clip: str) -> Span | None:
        """Of a clip that is not there and can be made."""
        there = super().motion_path(clip).is_file()
        return None if there or not self.amass else self._span(clip)

    def _span(self, clip: str) -> Span | None:
        return self.index.get(clip.removeprefix("M"))

    def _recording(self, clip: str) -> str:
        span = self._span(clip)
        return str(span.source) if span else ""
