import numpy as np
import pytest
from safetensors.numpy import save

from backend.engines.int8 import quantised
from backend.engines.tensor_file import read


def read_back(arrays, tmp_path):
    """What the engines read of a file with these arrays quantised."""
    (tmp_path / "q.safetensors").write_bytes(save(quantised(arrays)))
    return read(tmp_path / "q.safetensors", {name: value.shape for name, value in arrays.items()})


def test_reading_back_is_off_by_half_a_step_at_most(tmp_path):
    rng = np.random.default_rng(0)
    matrix = (rng.normal(size=(40, 30)) * np.logspace(-4, 2, 40)[:, None]).astype(np.float32)
    arrays = {"matrix": matrix, "vector": rng.normal(size=30).astype(np.float32)}
    back = read_back(arrays, tmp_path)
    step = np.abs(matrix).max(1, keepdims=True) / 127
    assert (np.abs(back["matrix"] - matrix) <= 0.51 * step + 1e-6 * step.max()).all()
    assert np.array_equal(back["vector"], arrays["vector"])


def test_a_row_of_zeros_stays_zero(tmp_path):
    assert not read_back({"m": np.zeros((3, 5), np.float32)}, tmp_path)["m"].any()


def test_half_precision_is_quantised_like_single(tmp_path):
    half = np.random.default_rng(1).normal(size=(6, 7)).astype(np.float16)
    a, b = quantised({"m": half}), quantised({"m": half.astype(np.float32)})
    assert np.array_equal(a["m"], b["m"]) and np.array_equal(a["m.scale"], b["m.scale"])


def test_values_beyond_the_scales_are_an_error_that_names_the_tensor():
    with pytest.raises(ValueError, match="m has values that int8 with fp16 scales cannot hold"):
        quantised({"m": np.full((3, 5), 1e8, np.float32)})
