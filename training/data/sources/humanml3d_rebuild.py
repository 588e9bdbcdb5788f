"""HumanML3D's clips from AMASS, step by step as its ``raw_pose_processing`` makes them (papers.md 1.6).

Every int(rate / 20)-th frame of a recording; the joints of the SMPL-H body of its performer, male if the file says so
and otherwise female, with ten betas; Y up; the calibration with which some data sets begin cut off; then the frames of
index.csv. HumanAct12 comes with the repository as joint positions and is taken whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from backend.motion import kinematics, smplx_io
from backend.motion.features.humanml3d_body import REFERENCE
from backend.motion.formats.bounded_npy import Wanted, read_array
from backend.motion.formats.bounded_npz import read_arrays
from backend.motion.formats.text import FormatError
from backend.motion.skeleton import SMPL22_NAMES, mirror_names

from .bodies import body
from .humanml3d_index import HUMANACT12, Span

FPS = 20
GENDERS = smplx_io.GENDERS[1:]
"""male and female: the reference takes no neutral body"""
# frames cut off before index.csv counts
TRIMS = {
    "Eyes_Japan_Dataset": 60, "MPI_HDM05": 60, "TotalCapture": 20, "MPI_Limits": 20, "Transitions_mocap": 10,
}  # fmt: skip
# folders of index.csv -> what AMASS calls them since
RENAMED = {
    "BioMotionLab_NTroje": "BMLrub", "DFaust_67": "DFaust", "MPI_HDM05": "HDM05", "MPI_Limits": "PosePrior",
    "MPI_mosh": "MoSh", "SSM_synced": "SSM", "TCD_handMocap": "TCDHands", "Transitions_mocap": "Transitions",
}  # fmt: skip
_BETAS = 10
_TO_OTHER_SIDE = np.array([-1.0, 1.0, 1.0])
# ours is (x, z, -y) of a file, the reference's (-x, z, y)
_TO_REFERENCE = np.array([-1.0, 1.0, -1.0])
_HUMANACT12_JOINTS = Wanted("f", (("T", 24, 3), ("T", 22, 3)))
_SAID = {key: smplx_io.ARRAYS[key] for key in ("gender", *smplx_io.RATES)}


def mirrored(positions: np.ndarray) -> np.ndarray:
    """(T, 22, 3) left for right."""
    return positions[:, list(mirror_names(SMPL22_NAMES))] * _TO_OTHER_SIDE


class Recordings:
    """``amass``: its folder; ``repository``: where HumanML3D's ``pose_data`` lies; ``body_models``: a folder with
    ``smplh/male/model.npz`` and ``smplh/female/model.npz``. Without it every performer gets HumanML3D's reference body
    and legs of middle length, by which the way is scaled: what is made is near to the published rows, not the same."""

    def __init__(self, amass: Path, repository: Path, body_models: Path | None):
        self.amass, self.repository, self.body_models = amass, repository, body_models
        self._last: tuple[Path, np.ndarray] | None = None

    def path(self, span: Span) -> Path:
        """The file of a recording; of one that is not there, the first place where it could be."""
        places = list(self._places(span))
        return next((path for path in places if path.is_file()), places[0])

    def positions(self, span: Span) -> np.ndarray:
        """Joint positions (T, 22, 3) of a clip, metres, Y up; FormatError names the recording and what is wrong."""
        path = self.path(span)
        if not path.is_file():
            hint = "; unpack pose_data/humanact12.zip of HumanML3D's repository" if span.dataset == HUMANACT12 else ""
            raise FormatError(path, None, f"is not there{hint}")
        if span.dataset == HUMANACT12:
            return read_array(path, _HUMANACT12_JOINTS)[:, : len(SMPL22_NAMES)]
        if self._last is None or self._last[0] != path:
            self._last = path, self._joints(path)  # clips share recordings
        whole = self._last[1][TRIMS.get(span.dataset, 0) :]
        if not len(whole[span.start : span.end]):
            raise FormatError(path, None, f"has {len(whole)} frames at 20 a second, none in {span.start}:{span.end}")
        return whole[span.start : span.end]

    def _places(self, span: Span) -> Iterator[Path]:
        if span.dataset == HUMANACT12:
            yield self.repository / "pose_data" / span.source
            return
        name = span.source.stem.removesuffix("_poses")
        for dataset in dict.fromkeys((span.dataset, RENAMED.get(span.dataset, span.dataset))):
            folder = self.amass.joinpath(dataset, *span.source.parts[1:-1])
            yield from (folder / f"{name}{ending}.npz" for ending in ("_poses", "_stageii"))

    def _joints(self, path: Path) -> np.ndarray:
        gender, step = _gender_and_step(path)
        found = smplx_io.read_parameters(path)
        found = replace(found, poses=found.poses[::step], trans=found.trans[::step], betas=found.betas[:_BETAS])
        model = body(self.body_models, found.body, gender) if self.body_models else None
        motion = smplx_io.to_motion(found, model, kind="smpl22")
        if model is None:
            motion = motion.on(REFERENCE["smpl22"])
        return kinematics.joint_positions(motion) * _TO_REFERENCE


def _gender_and_step(path: Path) -> tuple[str, int]:
    """Whose body the reference takes and every how many-th frame: from the file's own words, which ``smplx_io`` rounds
    and understands better than the reference does."""
    found = read_arrays(path, _SAID)
    rate = next((float(found[key].reshape(())) for key in smplx_io.RATES if key in found), 0.0)
    if rate < FPS:
        keys = " or ".join(smplx_io.RATES)
        raise FormatError(path, None, f"must say a frame rate of at least {FPS} ({keys}), says {rate:g}")
    # QUIRK: a gender stored as bytes is no text and so not "male": these men get the female body
    male = "gender" in found and found["gender"].reshape(()).item() == "male"
    return GENDERS[0 if male else 1], int(rate / FPS)
