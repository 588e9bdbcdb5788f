"""KIT-ML as Guo et al. hand it on: the layout of HumanML3D with 251 numbers a frame."""

import numpy as np
import pytest

from backend.motion.features import kit251
from backend.motion.features.codec import codec
from backend.motion.resample import resample
from tests.training.data.sources.made_guo_folder import moving, read_all, write
from training.data.sources.kitml import KitMl
from training.data.sources.take import Skipped

TEXT = "A person walks 4 steps.#a/DET person/NOUN walk/VERB step/NOUN#0.0#0.0\n"


@pytest.fixture
def rows():
    return kit251.encode(resample(moving(60), kit251.FPS))


def test_rows_captions_and_splits(tmp_path, rows):
    lists = {"all": ["00001", "M00001"], "train": ["00001", "M00001"], "val": [], "test": []}
    write(tmp_path, dict.fromkeys(lists["all"], rows), texts=dict.fromkeys(lists["all"], TEXT), lists=lists)
    found = read_all(KitMl(tmp_path))
    assert list(found) == lists["all"]
    take = found["M00001"]
    assert (take.source, take.subject, take.label, take.split) == ("kitml", "kitml", "", "train")
    assert take.rows.codec == "kit251" and np.array_equal(take.rows.values, rows)
    assert take.captions[0].caption == "A person walks 4 steps."
    motion = codec(take.rows.codec).decode(take.rows.values)
    assert motion.skeleton.kind == "smpl22" and float(motion.fps) == 12.5


def test_joints_in_millimetres_are_described_where_there_are_no_rows(tmp_path, rows):
    joints = kit251.decode_positions(rows).astype(np.float32)
    write(tmp_path, joints={"00001": joints}, texts={"00001": TEXT})
    values = read_all(KitMl(tmp_path))["00001"].rows.values
    assert values.shape == (len(rows) - 1, 251)
    height = kit251.LAYOUT["height"]
    assert np.abs(values[:, height] - rows[:-1, height]).max() < 0.01


def test_rows_of_humanml3d_are_refused(tmp_path):
    write(tmp_path, {"00001": np.zeros((30, 263), np.float32)}, texts={"00001": TEXT})
    found = read_all(KitMl(tmp_path))["00001"]
    assert isinstance(found, Skipped) and found.path == tmp_path / "new_joint_vecs" / "00001.npy"
    assert "00001.npy: the array is (30, 263); accepted: float of shape (T, 251)" in found.reason
