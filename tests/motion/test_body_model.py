"""What a character in Blender takes from a body model beyond what the file readers need."""

from __future__ import annotations

import numpy as np
import pytest

from backend.motion.body_model import SMPLX55_NAMES, read_model
from backend.motion.formats.bounded_npz import ArraysError
from backend.motion.skeleton import SMPLX52_NAMES
from tests import synthetic_body_model

BETAS = (1.0, -2.0, 0.5)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return synthetic_body_model.write(tmp_path_factory.mktemp("body") / "SMPLX_NEUTRAL.npz")


def test_faces_come_without_the_corrections_that_are_half_of_the_file(file):
    model = read_model(file, faces=True)
    assert model.faces.shape == (110, 3) and model.pose_shapes is None
    assert np.array_equal(model.faces, read_model(file, mesh=True).faces)
    assert read_model(file).faces is None


def test_faces_are_asked_for_by_name(tmp_path):
    path = synthetic_body_model.write(tmp_path / "m.npz", drop=("f", "posedirs"))
    with pytest.raises(ArraysError, match="lacks f; is it"):
        read_model(path, faces=True)


@pytest.mark.parametrize("joints, names", [(55, SMPLX55_NAMES), (52, SMPLX52_NAMES)])
def test_names(tmp_path, joints, names):
    assert read_model(synthetic_body_model.write(tmp_path / "m.npz", joints=joints)).names == names


def test_the_joints_alone_move_with_the_betas_as_the_body_s_do(file):
    model = read_model(file, faces=True)
    alone = model.joints_alone(3)
    assert alone.template.shape == (55, 3) and alone.shapes.shape == (55, 3, 3) and alone.faces is None
    assert np.allclose(alone.joints(BETAS), model.joints(BETAS))
    assert np.allclose(alone.skeleton(betas=BETAS).offsets, model.skeleton(betas=BETAS).offsets)
    with pytest.raises(ValueError, match="takes 3 betas, got 4"):
        alone.joints((0, 0, 0, 1.0))
