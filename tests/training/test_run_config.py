import math

import pytest

torch = pytest.importorskip("torch")

from training import precision  # noqa: E402
from training.run import RunConfig  # noqa: E402


def rates(config: RunConfig, steps: int) -> list[float]:
    return [config.learning_rate(step, step / steps) for step in range(steps)]


def test_learning_rate_warms_up_and_falls_as_a_cosine():
    got = rates(RunConfig(lr=1.0, warmup=0.1, final_lr=0.0), 100)
    assert got[0] == 0.01 and got[5] == pytest.approx(0.5) and got[10] == 1.0
    assert got[55] == pytest.approx(0.5) and got[99] < 0.001 and got[10:] == sorted(got[10:], reverse=True)


def test_learning_rate_stays_after_a_warm_up_in_steps():
    got = rates(RunConfig(lr=1.0, warmup=4, schedule="constant"), 20)
    assert got[:4] == [0.25, 0.5, 0.75, 1.0] and set(got[4:]) == {1.0}
    assert rates(RunConfig(lr=1.0, warmup=0.0, schedule="constant", drop=0.5, final_lr=0.1), 4) == [1, 1, 0.1, 0.1]
    falling = rates(RunConfig(lr=1.0, warmup=4, final_lr=0.0, steps=20), 20)
    assert falling[2:4] == [0.75, 1.0] and falling[3:] == sorted(falling[3:], reverse=True) and falling[-1] < 0.02


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"schedule": "linear"}, "'schedule' must be one of cosine, constant, got 'linear'"),
        ({"precision": "fp16"}, "'precision' must be one of auto, bf16, fp32"),
        ({"steps": 0}, "'steps' must be 1 or more"),
        ({"minutes": -1.0}, "'minutes' must be more than 0"),
        ({"minutes": math.nan}, "'minutes' must be more than 0, got nan"),
        ({"lr": math.nan}, "'lr' must be more than 0"),
        ({"lr": -1.0}, "'lr' must be more than 0"),
        ({"lr": math.inf}, "'lr' must be more than 0, got inf"),
        ({"weight_decay": -1.0}, "'weight_decay' must be 0 or more"),
        ({"threads": 0}, "'threads' must be 1 or more"),
        ({"checkpoint_minutes": -1.0}, "'checkpoint_minutes' must be 0 or more"),
        ({"checkpoint_minutes": math.nan}, "'checkpoint_minutes' must be 0 or more"),
        ({"warmup": -3.0}, "'warmup' must be 0 or more"),
        ({"drop": math.nan}, "'drop' must be from 0 to 1"),
        ({"clip": -1.0}, "'clip' must be more than 0"),
        ({"average": 1.0}, "'average' must be from 0 to below 1"),
    ],
)
def test_settings_that_make_no_sense_are_named(fields, match):
    with pytest.raises(ValueError, match=match):
        RunConfig(**fields)


def test_bfloat16_only_where_the_processor_multiplies_it(monkeypatch):
    cpu = torch.device("cpu")
    for features, fast in (({"avx512_f": True}, False), ({"amx_bf16": True}, True), ({"avx512_bf16": True}, True)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=features: found)
        assert precision.bfloat16("auto", cpu) is fast
        assert precision.bfloat16("bf16", cpu) and not precision.bfloat16("fp32", cpu)
