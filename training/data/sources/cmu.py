"""CMU Graphics Lab Motion Capture Database (mocap.cs.cmu.edu), in every layout in which it is handed on.

* As CMU publishes it: ``<subject>/<subject>.asf`` with ``<subject>_<trial>.amc``, at the top or below ``subjects/``.
* cgspeed.com's BVH conversions, MotionBuilder- or Daz-friendly: ``<subject>/<subject>_<trial>.bvh``, one folder up for
  each archive (``cmuconvert-mb2-01-09/01/01_01.bvh``), or all 2,435 trials under folders of three digits
  (``001/01_01.bvh``).
* Trials under other names (``salsa/salsa_01.bvh``): there the folder is the subject.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from backend.motion import bone_presets
from backend.motion.formats import asf_amc, bvh
from backend.motion.rest_pose import as_ours

from ..caption_lines import CaptionLine
from . import cmu_index
from .listing import files, none_found
from .take import Item, Take, Terms

_log = logging.getLogger(__name__)
# Recorded at 60 frames a second, while the BVH files say 1/120 and AMC files say nothing: played like that the dancers
# spin at 1200 degrees a second, three and a half turns, twice what any dancer does. "salsa" are 60 and 61 renamed.
HALF_RATE = ("60", "61", "salsa")
_TRIAL = re.compile(r"(\d{1,3})_\d{1,3}")


@dataclass(frozen=True)
class Cmu:
    """``folder``: any of the layouts above, also mixed; of a trial that is there as AMC and as BVH the AMC is taken."""

    folder: Path
    name = "cmu"
    together = 64
    terms = Terms(
        "CMU Graphics Lab Motion Capture Database",
        "http://mocap.cs.cmu.edu",
        "free for research and inside commercial products; the clips may not be resold, even converted. To be printed "
        "with what is made of it: The data used in this project was obtained from mocap.cs.cmu.edu. The database was "
        "created with funding from NSF EIA-0196217.",
    )

    @cached_property
    def _index(self) -> Path | None:
        return cmu_index.file_below(self.folder)

    @cached_property
    def _descriptions(self) -> dict[str, str]:
        return cmu_index.read(self._index) if self._index else {}

    def items(self) -> Iterator[Item]:
        """One a trial, by subject and name; ValueError when there is none."""
        paths = sorted(files(self.folder, (".amc", ".bvh")), key=_preference)
        if not paths:
            wanted = "<subject>_<trial>.amc with <subject>.asf beside it, nor <subject>_<trial>.bvh"
            raise none_found(self.folder, wanted)
        chosen: dict[str, Path] = {}
        for path in paths:
            chosen.setdefault(trial_of(path), path)
        if len(chosen) < len(paths):
            other = next(path for path in paths if chosen[trial_of(path)] is not path)
            _log.warning(
                "%s: %d files are left out because their trial is there twice, such as %s beside %s",
                self.folder, len(paths) - len(chosen), other, chosen[trial_of(other)],
            )  # fmt: skip
        described = (self._index,) if self._index else ()
        for trial, path in sorted(chosen.items(), key=lambda pair: (subject_of(pair[1]), pair[0])):
            skeleton = (asf_beside(path),) if path.suffix.lower() == ".amc" else ()
            yield Item(trial, (path, *skeleton, *described))

    def beside(self) -> tuple[Path, ...]:
        return ()

    def read(self, item: Item) -> Iterator[Take]:
        """The take of a trial; ValueError names file and line."""
        path, trial = item.paths[0], item.id
        subject = subject_of(path)
        converted = path.suffix.lower() == ".bvh"
        if converted:
            motion = bvh.read(path, scale=_metres_per_unit(path))
        else:
            motion = asf_amc.read(item.paths[1], path)
        if subject in HALF_RATE:
            motion = replace(motion, fps=motion.fps / 2)
        said = self._descriptions.get(trial)
        mapped = bone_presets.match(motion.skeleton.names)
        yield Take(
            trial, self.name, subject, said or subject, as_ours(motion, mapped), mapped,
            captions=(CaptionLine(said),) if said else (), tpose_start=converted,
        )  # fmt: skip


def _preference(path: Path) -> tuple[bool, Path]:
    """AMC before BVH: a conversion adds a T-pose and takes away the performer's own axes."""
    return path.suffix.lower() != ".amc", path


def subject_of(path: Path) -> str:
    """ "01" of ``001/01_01.bvh``, two digits at least; the folder of a trial with another name."""
    trial = _TRIAL.fullmatch(path.stem)
    return f"{int(trial.group(1)):02d}" if trial else path.parent.name


def trial_of(path: Path) -> str:
    """ "01_01", "salsa_01"; where the name says no subject its folder goes before it."""
    named = _TRIAL.fullmatch(path.stem) or path.stem.startswith(path.parent.name)
    return path.stem if named else f"{path.parent.name}_{path.stem}"


def asf_beside(amc: Path) -> Path:
    """The skeleton of ``01_01.amc``: the only .asf of its folder, else ``01.asf``, be it there or not."""
    there = list(amc.parent.glob("*.[aA][sS][fF]"))
    return there[0] if len(there) == 1 else amc.with_name(f"{amc.stem.rpartition('_')[0] or amc.stem}.asf")


def _metres_per_unit(path: Path) -> float:
    """The Daz-friendly family is in centimetres, the MotionBuilder-friendly in CMU's inches."""
    with path.open(encoding="utf-8", errors="replace") as file:
        daz = "ROOT hip\n" in file.read(200).replace("\r", "")
    return 0.01 if daz else 2.54 / (100 * 0.45)
