import subprocess
import sys
import textwrap
import time
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from backend.models.vqvae import VQVAEConfig  # noqa: E402
from backend.motion import kinematics  # noqa: E402
from backend.motion import rotations as rot  # noqa: E402
from backend.motion.skeleton import canonical  # noqa: E402
from training import checkpoint, motion_loss, tokenizer  # noqa: E402
from training import run as run_module  # noqa: E402


def some_features(seed: int, frames: int) -> np.ndarray:
    """(T, 272) smooth, valid features: a body that walks in curves and sways."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(frames)[:, None] / 30
    sway = 0.5 * np.sin(2 * np.pi * (time_s * rng.uniform(0.5, 1.0) + np.arange(66) / 66))
    quaternions = rot.exp(sway.reshape(frames, 22, 3))
    positions, _ = kinematics.forward(canonical(), np.zeros(3), quaternions)
    positions[..., 1] += 0.95
    turn = rot.to_six_d(rot.about_y(0.03 * np.sin(time_s[:, 0])))
    velocity = np.concatenate([0 * time_s, 0.03 + 0.01 * np.sin(time_s)], 1)
    moved = np.diff(positions, axis=0, prepend=positions[:1])
    parts = [velocity, turn, positions.reshape(frames, -1), moved.reshape(frames, -1)]
    return np.concatenate([*parts, rot.to_six_d(quaternions).reshape(frames, -1)], 1).astype(np.float32)


def some_data(clips: int = 6, frames: int = 80) -> SimpleNamespace:
    features = [some_features(i, frames - 10 * (i % 3)) for i in range(clips)]
    return SimpleNamespace(
        features=features, mask=[np.ones(len(f), bool) for f in features], weights=np.ones(clips),
        ids=[str(i) for i in range(clips)],
    )  # fmt: skip


def small(steps: int, **values) -> tokenizer.TokenizerTraining:
    model = VQVAEConfig(width=32, code_width=16, codes=32, dilations=(3, 1), reset_below=0.25)
    return tokenizer.TokenizerTraining(model=model, batch=8, window=32, steps=steps, threads=1, lr=2e-3, **values)


def test_kinematics_in_torch_are_those_of_the_core():
    features = some_features(0, 12)
    six_d = torch.from_numpy(features[:, motion_loss.ROTATIONS]).reshape(-1, 22, 6)
    ours = motion_loss.ForwardKinematics()(six_d).permute(2, 1, 0).numpy()
    quaternions = rot.from_six_d(six_d.numpy())
    theirs, _ = kinematics.forward(canonical(), np.zeros(3), quaternions)
    assert np.abs(ours - theirs).max() < 1e-5


def test_root_path_is_that_of_the_codec():
    from backend.motion.features import ms272

    features = some_features(1, 60)
    features[0, :2], features[0, 2:8] = 0, (1, 0, 0, 0, 1, 0)
    yaw, path = ms272.integrate(features)
    ours_yaw, ours_path = motion_loss.root_path(torch.from_numpy(features))
    assert np.abs(ours_yaw.numpy() - yaw).max() < 1e-5
    assert np.abs(ours_path.numpy() - path).max() < 1e-5


def test_a_perfect_output_costs_nothing_and_masked_frames_do_not_count():
    features = torch.from_numpy(np.stack([some_features(i, 32) for i in range(2)]))
    mean, std = torch.zeros(272), torch.ones(272)
    loss = motion_loss.MotionLoss(motion_loss.LossWeights(), mean, std)
    mask = torch.ones(2, 32, dtype=torch.bool)
    mask[:, 20:] = False
    assert float(loss(features, features, mask)[0]) < 2e-2  # the square roots' epsilon
    wrong = features.clone()
    wrong[:, 20:] += torch.randn(2, 12, 272)
    assert torch.allclose(loss(wrong, features, mask)[0], loss(features, features, mask)[0])


def test_training_lowers_the_loss(tmp_path):
    data = some_data()
    trainer = tokenizer.TokenizerRun(small(120), data, tmp_path)
    trainer.model.train()
    losses = [float(trainer.train_step()["loss"]) for _ in range(120)]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    trainer.save()
    model, mean, std = tokenizer.load(tmp_path)
    measured = tokenizer.evaluate(model, mean, std, [some_features(0, 160)])
    assert measured["frames"] == 160 and measured["stretches"] == 1 and measured["codes_used"] > 1


def test_a_resumed_run_ends_with_the_same_weights(tmp_path):
    data, config = some_data(), small(12, precision="fp32")
    whole = tokenizer.train(config, data, tmp_path / "whole").state_dict()
    first = tokenizer.TokenizerRun(config, data, tmp_path / "halves")
    first.train(stop_after=5)
    torch.randn(7)  # whatever happened in between
    resumed = tokenizer.TokenizerRun(config, data, tmp_path / "halves")
    assert resumed.step == 5
    resumed.train()
    halves = resumed.averaged().state_dict()
    assert all(torch.equal(whole[k], halves[k]) for k in whole)


def test_a_run_killed_while_saving_resumes(tmp_path):
    script = f"""
        import sys; sys.path[:0] = {sys.path!r}
        from tests.training import test_tokenizer_stage as t
        from training import tokenizer
        trainer = tokenizer.TokenizerRun(t.small(100000), t.some_data(2), {str(tmp_path)!r})
        trainer.model.train()
        trainer.save(); print("ready", flush=True)
        while True:
            trainer.train_step(); trainer.save()
    """
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.7)
    child.kill()
    child.wait()
    child.stdout.close()
    assert checkpoint.load_trainer(tmp_path)["step"] > 0
    tokenizer.load(tmp_path)
    assert tokenizer.TokenizerRun(small(100000), some_data(2), tmp_path).step > 0


def test_windows_hold_short_clips_under_a_mask():
    data = some_data(2, 20)
    mean, std = tokenizer.normalisation(data.features, data.weights)
    features, mask = tokenizer.Windows(data, mean, std, 64, torch.device("cpu")).sample(4)
    assert features.shape == (4, 64, 272) and set(mask.sum(1).tolist()) <= {10, 20}
    assert float(features[~mask].abs().max()) == 0


def test_a_run_that_goes_wrong_stops_and_keeps_its_last_checkpoint(tmp_path, monkeypatch):
    data = some_data()
    run = tokenizer.TokenizerRun(small(steps=40), data, tmp_path)
    run.train(stop_after=5)
    kept = checkpoint.load_trainer(tmp_path)["step"]
    monkeypatch.setattr(run, "losses", lambda: {"loss": sum(p.sum() for p in run.model.parameters()) * float("nan")})
    with pytest.raises(run_module.Diverged, match="lower lr"):
        run.train(stop_after=5)
    assert checkpoint.load_trainer(tmp_path)["step"] == kept


def test_the_decoder_alone_goes_on_and_the_codes_stay(tmp_path):
    data = some_data()
    tokenizer.train(small(steps=15), data, tmp_path / "base")
    base, mean, std = tokenizer.load(tmp_path / "base")
    tokenizer.train(small(steps=15), data, tmp_path / "decoder", codes_of=tmp_path / "base")
    after, mean_after, std_after = tokenizer.load(tmp_path / "decoder")
    assert np.array_equal(mean, mean_after) and np.array_equal(std, std_after)
    clip = torch.from_numpy((data.features[0] - mean) / std)[None]
    assert torch.equal(base.encode(clip), after.encode(clip))
    assert not torch.equal(base.decode(base.encode(clip)), after.decode(after.encode(clip)))
