"""Two processes on the processor, as several GPUs would be started."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("peft")

from tests import tiny_base, tiny_processes  # noqa: E402
from training import checkpoint  # noqa: E402
from training.language import command, log  # noqa: E402

pytestmark = pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no processes")
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What two processes left, and the base that they used."""
    folder = tmp_path_factory.mktemp("two")
    base = tiny_base.write(folder / "base", "llama")
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", "2"]
    launch += ["--config_file", str(command.CONFIGS / "gpus.yaml"), "-m", "tests.tiny_processes"]
    done = subprocess.run(
        [*launch, str(folder), str(base)], cwd=ROOT, capture_output=True, text=True, timeout=600,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.mark.parametrize("kind", ["copies", "shards"])
@pytest.mark.parametrize("name", tiny_processes.NETWORKS)
def test_two_processes_train_as_one(folder, tmp_path, kind, name):
    """Two processes with half of the rows each, stopped half-way, end where one process with all rows ends."""
    tiny_processes.trainer(name, folder / "base", tmp_path).train()
    both = (tmp_path, folder / kind / name)
    alone, together = map(checkpoint.load_trainer, both)
    assert together["progress"]["step"] == 4 and len(together["processes"]) == 2
    close, equal = (3e-4, 0.02) if name == "half" else (1e-6, 2e-4)
    for part in ("model", "average"):
        assert together[part].keys() == alone[part].keys()
        for weight, value in alone[part].items():
            # the mean: Adam turns rounding in gradients that are nothing (the keys' biases) into steps of up to lr
            assert (together[part][weight] - value).abs().mean() < close, weight
    lines = [(run / log.FILE).read_text().splitlines() for run in both]
    losses = [[json.loads(line)["loss"] for line in some if '"lr"' in line] for some in lines]
    assert losses[0] == pytest.approx(losses[1], abs=equal)


def test_shards_are_whole_where_they_are_kept(folder):
    copies, shards = (checkpoint.load_weights(folder / kind / "small") for kind in ("copies", "shards"))
    assert {k: v.shape for k, v in copies[0].items()} == {k: v.shape for k, v in shards[0].items()}
    assert copies[1]["network"] == shards[1]["network"]
