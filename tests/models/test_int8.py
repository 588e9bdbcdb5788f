import pytest
import torch

from backend.engines.int8 import quantised, to_float


def test_reading_back_is_off_by_half_a_step_at_most():
    torch.manual_seed(0)
    tensors = {"matrix": torch.randn(40, 30) * torch.logspace(-4, 2, 40)[:, None], "vector": torch.randn(30)}
    back = to_float(quantised(tensors))
    step = tensors["matrix"].abs().amax(1, keepdim=True) / 127
    assert ((back["matrix"] - tensors["matrix"]).abs() <= 0.51 * step + 1e-6 * step.max()).all()
    assert torch.equal(back["vector"], tensors["vector"])


def test_a_row_of_zeros_stays_zero():
    assert torch.equal(to_float(quantised({"m": torch.zeros(3, 5)}))["m"], torch.zeros(3, 5))


def test_missing_scales_are_an_error_that_names_the_tensor():
    packed = quantised({"m": torch.ones(3, 5)})
    del packed["m.scale"]
    with pytest.raises(ValueError, match="m is int8"):
        to_float(packed)
