import json
import os
import signal
import sys

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("peft")

from tests import tiny_base  # noqa: E402
from tests import tiny_language_run as tiny  # noqa: E402
from training import checkpoint  # noqa: E402
from training.language import log, room, trainer  # noqa: E402
from training.run import Diverged  # noqa: E402


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def weights(folder) -> dict:
    return checkpoint.load_weights(folder)[0]


@pytest.mark.parametrize("parts", [2, 4])
def test_micro_batches_of_different_lengths_weigh_as_one_batch(tmp_path, parts):
    """Adam's first step hides the gradient's size: that is read from its averages."""
    for folder, accumulation in (("whole", 1), ("parts", parts)):
        run = tiny.trainer(tmp_path / folder, tiny.config(steps=1, accumulation=accumulation, lr=1e-4, warmup=0.0))
        run.train()
    whole, split = (checkpoint.load_trainer(tmp_path / folder) for folder in ("whole", "parts"))
    for name, state in whole["optimizer"]["state"].items():
        assert torch.allclose(whole["model"][name], split["model"][name], rtol=0, atol=1e-6)
        assert torch.allclose(state["exp_avg"], split["optimizer"]["state"][name]["exp_avg"], rtol=1e-4, atol=1e-7)
        assert state["exp_avg"].abs().max() > 1e-6
    losses = [json.loads((tmp_path / f / log.FILE).read_text().splitlines()[0])["loss"] for f in ("whole", "parts")]
    assert losses[0] == pytest.approx(losses[1], abs=2e-4)


def test_a_killed_run_ends_with_the_same_weights(tmp_path):
    """Dropout, accumulation, averages; what was done after the last checkpoint is done once more."""
    code = "run = tiny.trainer(out, tiny.config(steps=9, accumulation=2), tiny.small(dropout=0.2))"
    tiny.killed(tmp_path / "killed", 4, 6, code)
    assert checkpoint.load_trainer(tmp_path / "killed")["progress"]["step"] == 4
    for folder in ("killed", "whole"):
        assert tiny.trainer(tmp_path / folder, tiny.config(steps=9, accumulation=2), tiny.small(0.2)).train()
    assert same(weights(tmp_path / "killed"), weights(tmp_path / "whole"))
    states = [checkpoint.load_trainer(tmp_path / folder) for folder in ("killed", "whole")]
    assert same(states[0]["model"], states[1]["model"]) and not same(states[0]["model"], states[0]["average"])


def test_a_killed_run_of_adapters_ends_with_the_same_weights(tmp_path):
    base = tiny_base.write(tmp_path / "base", "llama")
    code = f"run = tiny.trainer(out, tiny.config(steps=6), tiny.on_base(Path({str(base)!r})))"
    tiny.killed(tmp_path / "killed", 2, 3, code)
    for folder in ("killed", "whole"):
        assert tiny.trainer(tmp_path / folder, tiny.config(steps=6), tiny.on_base(base)).train()
    assert same(weights(tmp_path / "killed"), weights(tmp_path / "whole"))


def test_measuring_and_looking_change_nothing(tmp_path):
    def draws(network):
        torch.randn(3)
        return {"loss": float(next(network.parameters()).sum())}

    settings = tiny.config(steps=5, evaluate_minutes=0.0, sample_minutes=0.0)
    tiny.trainer(tmp_path / "one", settings, tiny.small(0.2), measure=draws, look=lambda n: {"a": "b"}).train()
    tiny.trainer(tmp_path / "two", tiny.config(steps=5), tiny.small(0.2)).train()
    assert same(weights(tmp_path / "one"), weights(tmp_path / "two"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_run_that_is_asked_to_end_saves_and_goes_on_later(tmp_path):
    settings = tiny.config(steps=8, sample_minutes=0.0)
    seen = []

    def look(network):
        seen.append(network.training)
        if len(seen) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return {}

    before = signal.getsignal(signal.SIGTERM)
    assert tiny.trainer(tmp_path / "run", settings, look=look).train() is False
    assert signal.getsignal(signal.SIGTERM) is before and not any(seen)
    assert checkpoint.load_trainer(tmp_path / "run")["progress"]["step"] == 4
    assert tiny.trainer(tmp_path / "run", settings).train() is True
    tiny.trainer(tmp_path / "whole", settings).train()
    assert same(weights(tmp_path / "run"), weights(tmp_path / "whole"))


def test_a_loss_that_is_no_number_stops_the_run_before_it_spoils_the_weights(tmp_path):
    run = tiny.trainer(tmp_path, tiny.config(steps=20))
    run.train(stop_after=4)
    kept = weights(tmp_path)
    with torch.no_grad():
        run.network.language.gpt.transformer.ln_f.weight.fill_(float("nan"))
    with pytest.raises(Diverged, match=r"step 4, batch 4 of pool 0: the loss is nan.*lower 'lr' \(it is 0.003\)"):
        run.train()
    assert same(weights(tmp_path), kept) and checkpoint.load_trainer(tmp_path)["progress"]["step"] == 4


def test_a_loss_that_grows_tenfold_stops_the_run(tmp_path):
    run = tiny.trainer(tmp_path, tiny.config(steps=20))
    run.train(stop_after=2)
    with torch.no_grad():
        for name, weight in run.network.named_parameters():
            if name.endswith("ln_f.weight"):
                weight.mul_(1e3)
    with pytest.raises(Diverged, match="the loss grew from .* keeps the last checkpoint"):
        run.train()
    assert checkpoint.load_trainer(tmp_path)["progress"]["step"] == 2


def test_broken_weights_never_replace_the_last_checkpoint(tmp_path):
    """What a step made is saved when the next loss says that it is sound."""
    tiny.trainer(tmp_path, tiny.config(steps=20)).train(stop_after=3)
    kept = checkpoint.load_trainer(tmp_path)
    settings = tiny.config(steps=20, lr=1e25, checkpoint_minutes=0.0, warmup=0.0, log_seconds=60.0)
    with pytest.raises(Diverged):
        tiny.trainer(tmp_path, settings).train()
    after = checkpoint.load_trainer(tmp_path)
    assert after["progress"]["step"] == 3 and same(after["model"], kept["model"])
    assert tiny.trainer(tmp_path, tiny.config(steps=20)).train() is True


def test_checkpoints_on_the_way_are_those_of_a_run_that_stopped_there(tmp_path):
    settings = tiny.config(steps=6, checkpoint_minutes=0.0)
    run, seen = tiny.trainer(tmp_path / "run", settings, tiny.small(0.2)), []
    original = run.keeper.save
    run.keeper.save = lambda *a: (original(*a), seen.append(checkpoint.load_trainer(tmp_path / "run")))
    run.train()
    assert [state["progress"]["step"] for state in seen] == [1, 2, 3, 4, 5, 6]
    checkpoint.save_trainer(tmp_path / "again", seen[2])
    tiny.trainer(tmp_path / "again", settings, tiny.small(0.2)).train()
    assert same(weights(tmp_path / "run"), weights(tmp_path / "again"))


def test_memory_that_does_not_suffice_is_told_and_the_checkpoint_kept(tmp_path):
    run = tiny.trainer(tmp_path, tiny.config(steps=9, tokens=512))
    run.train(stop_after=2)

    def fails(batch):
        raise torch.OutOfMemoryError("CUDA out of memory")

    run.loss = fails
    with pytest.raises(room.OutOfMemory, match="'tokens' to 256 and 'accumulation' to 2.*keeps the last checkpoint"):
        with room.in_memory(run.config, tmp_path):
            run.train()
    assert checkpoint.load_trainer(tmp_path)["progress"]["step"] == 2


def test_best_weights_are_kept_and_patience_ends_the_run(tmp_path):
    told = iter([3.0, 2.0, 2.5, 2.5, 2.5])
    settings = tiny.config(steps=50, evaluate_minutes=0.0, patience=2)
    run = tiny.trainer(tmp_path, settings, measure=lambda n: {"loss": next(told)}, about={"tasks": ["describe"]})
    run.train()
    assert run.progress.step == 4
    tensors, meta = checkpoint.load_weights(tmp_path / trainer.BEST)
    assert meta["validation"] == {"loss": 2.0} and meta["step"] == 2 and meta["tasks"] == ["describe"]
    assert not same(tensors, weights(tmp_path))


def test_averages_are_what_is_measured_and_kept(tmp_path):
    seen = {}

    def measure(network):
        seen.update({name: weight.clone() for name, weight in network.named_parameters()})
        return {"loss": 1.0}

    tiny.trainer(tmp_path, tiny.config(steps=4), measure=measure).train()
    saved = checkpoint.load_trainer(tmp_path)
    assert all(torch.equal(saved["average"][name], weight) for name, weight in seen.items())
    assert all(torch.equal(weights(tmp_path)[name.removeprefix("language.")], seen[name]) for name in seen)
    tiny.trainer(tmp_path / "none", tiny.config(steps=4, average=0.0)).train()
    last = checkpoint.load_trainer(tmp_path / "none")
    assert "average" not in last and same(last["model"], saved["model"])


def test_numbers_and_samples_are_logged(tmp_path):
    settings = tiny.config(steps=3, sample_minutes=0.0, evaluate_minutes=0.0)
    calls = {"measure": lambda n: {"loss": 1.5}, "look": lambda n: {"walk": "3 1 2 </motion>"}}
    tiny.trainer(tmp_path, settings, **calls).train()
    lines = [json.loads(line) for line in (tmp_path / log.FILE).read_text().splitlines()]
    assert {"loss", "accuracy", "tokens_s", "steps_s", "lr"} <= lines[0].keys()
    assert {"step": 1, "validation": {"loss": 1.5}}.items() <= lines[1].items()
    assert lines[2]["samples"] == {"walk": "3 1 2 </motion>"}
    (events,) = (tmp_path / log.TENSORBOARD).glob("events.*")
    written = events.read_bytes()
    assert all(part in written for part in (b"validation/loss", b"samples/walk", b"3 1 2 </motion>", b"tokens_s"))


def test_another_network_or_number_of_processes_is_refused(tmp_path):
    tiny.trainer(tmp_path, tiny.config(steps=1)).train()
    with pytest.raises(ValueError, match="residual_dropout was 0.0, now it is 0.2.*--out"):
        tiny.trainer(tmp_path, tiny.config(steps=2), tiny.small(0.2))
    saved = checkpoint.load_trainer(tmp_path)
    checkpoint.save_trainer(tmp_path, saved | {"processes": saved["processes"] * 4})
    with pytest.raises(ValueError, match="saved by 4 processes, now there are 1: start as many with --processes"):
        tiny.trainer(tmp_path, tiny.config(steps=2))
