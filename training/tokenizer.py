"""Stage 1: the motion tokenizer. Trains a VQ-VAE, plain or part-aware, on the rows of any codec for a budget of minutes
(or steps) and keeps averaged weights. MS-272 can be trained against forward kinematics, every codec as published.

    python -m training tokenizer train --set data/starter --out runs/tokenizer
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from backend.models.part_vqvae import PartVQVAE, motion_tokenizer
from backend.models.vqvae import VQVAE
from backend.motion.features.codec import codec
from backend.motion.features.normalisation import published
from training import checkpoint, tokenizer_eval, tokenizer_of_bundle
from training.data import row_statistics
from training.motion_loss import (
    FPS,
    POSITIONS,
    ROOT_VELOCITY,
    ROTATIONS,
    TURN,
    VELOCITIES,
    WIDTH,
    ForwardKinematics,
    LossWeights,
    MotionLoss,
    root_path,
)
from training.row_loss import RowLoss
from training.run import Run
from training.tokenizer_config import TokenizerTraining

DRIFT_FRAMES = round(5 * FPS)


BLOCKS = (ROOT_VELOCITY, TURN, POSITIONS, VELOCITIES, ROTATIONS)


def normalisation(features: list[np.ndarray], weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean a feature and one standard deviation a block, (272,) float32. Pooled: a joint that moves more counts
    more, as in metres. ``weights``: sampling weight of each clip, so that the sampled data come out normalised."""
    weights = np.ones(len(features)) if weights is None else np.asarray(weights, float)
    weights = weights / weights.sum()
    mean, square = np.zeros(WIDTH), np.zeros(WIDTH)
    for clip, weight in zip(features, weights, strict=True):
        clip = np.asarray(clip, np.float64)
        mean += weight * clip.mean(0)
        square += weight * np.square(clip).mean(0)
    variance = np.maximum(square - mean**2, 0)
    std = np.empty(WIDTH)
    for block in BLOCKS:
        std[block] = np.sqrt(variance[block].mean())
    # four of the six turn features never change: the two that do set the scale
    std[TURN] = np.sqrt(variance[TURN].sum() / 2)
    return mean.astype(np.float32), np.maximum(std, 1e-4).astype(np.float32)


class Windows:
    """All clips in one array; windows are drawn by sampling weight and gathered by index."""

    def __init__(self, data, mean: np.ndarray, std: np.ndarray, window: int, device: torch.device):
        lengths = np.array([len(f) for f in data.features])
        frames = np.empty((int(lengths.sum()), len(mean)), np.float16)
        valid = np.empty(len(frames), bool)
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        for start, clip, mask in zip(starts, data.features, data.mask, strict=True):
            frames[start : start + len(clip)] = np.clip((clip - mean) / std, -60000, 60000)
            valid[start : start + len(clip)] = mask
        self.frames = torch.from_numpy(frames).to(device)
        self.valid = torch.from_numpy(valid).to(device)
        self.starts = torch.from_numpy(starts).to(device)
        self.lengths = torch.from_numpy(lengths).to(device)
        self.weights = torch.as_tensor(np.asarray(data.weights, np.float32)).to(device)
        self.window = window
        self.offsets = torch.arange(window, device=device)

    def sample(self, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised features (batch, window, D) float32, zero where the mask (batch, window) is False."""
        clips = torch.multinomial(self.weights, batch, replacement=True)
        lengths = self.lengths[clips]
        spare = (lengths - self.window).clamp(min=0) + 1
        first = (torch.rand(batch, device=spare.device) * spare).long()
        local = first[:, None] + self.offsets
        inside = local < lengths[:, None]
        index = self.starts[clips][:, None] + torch.minimum(local, lengths[:, None] - 1)
        mask = inside & self.valid[index]
        return self.frames[index].float() * mask[..., None], mask


class TokenizerRun(Run):
    """Stage 1 on ``data`` (features, mask, weights); ``validation`` is measured now and then."""

    def __init__(self, config: TokenizerTraining, data, out_dir: Path, validation=None, codes_of: Path | None = None):
        """``codes_of``: folder of a finished run whose encoder and codebook stay; only its decoder goes on."""
        super().__init__(config, out_dir)
        self.validation = validation
        self.frozen = codes_of is not None
        saved = checkpoint.load_trainer(self.out)
        model = motion_tokenizer(config.model)
        if self.frozen:
            model, self.mean, self.std = load(codes_of)
        elif saved is None:
            self.mean, self.std = normalisation_of(config, data)
        if saved is not None:
            self.mean, self.std = saved["mean"].numpy(), saved["std"].numpy()
        self.windows = Windows(data, self.mean, self.std, config.window, self.device)
        self.loss = loss_of(config, self.mean, self.std).to(self.device)
        self.seen = torch.zeros(len(config.model.streams), config.model.codes, dtype=torch.bool, device=self.device)
        self.start(model, saved)

    def losses(self) -> dict[str, torch.Tensor]:
        features, mask = self.windows.sample(self.config.batch)
        if self.frozen:
            self.model.hold_codes()
        with self.autocast():
            quantise = self.frozen or self.used >= self.config.plain
            out, codes, commitment = self.model(features, mask, quantise=quantise)
        total, parts = self.loss(out, features, mask, phase=self.step)
        if codes is not None:
            for seen, stream in zip(self.seen, tokenizer_eval.streams(codes)):
                seen[stream.reshape(-1)] = True
        return {"loss": total + self.config.loss.commitment * commitment, **parts, "commitment": commitment}

    def extra(self) -> dict:
        seen = self.seen.sum(1).tolist()
        self.seen.zero_()
        return {"codes_seen": seen if len(seen) > 1 else seen[0]}

    def state(self) -> dict:
        normalised = {"mean": torch.from_numpy(self.mean), "std": torch.from_numpy(self.std)}
        return normalised | {"averages": self.model.averages()}

    def restore(self, saved: dict) -> None:
        self.model.load_averages(saved["averages"])

    def weights(self) -> tuple[dict[str, torch.Tensor], dict]:
        tensors = {"mean": torch.from_numpy(self.mean), "std": torch.from_numpy(self.std)}
        meta = {"config": self.config.to_dict(), "step": self.step, "minutes": self.elapsed / 60}
        return self.average.tensors | tensors, meta

    def averaged(self) -> VQVAE | PartVQVAE:
        model = motion_tokenizer(self.config.model).to(self.device)
        model.load_state_dict(self.average.tensors)
        return model.eval()

    def measure(self) -> dict | None:
        if self.validation is None:
            return None
        if isinstance(self.config.loss, LossWeights):
            return evaluate(self.averaged(), self.mean, self.std, self.validation.features)
        tokenizer = tokenizer_eval.Tokenizer(self.averaged(), self.mean, self.std, codec(self.config.codec))
        return tokenizer_eval.evaluate(tokenizer, self.validation.features)


def normalisation_of(config: TokenizerTraining, data) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation (D,) that the run scales rows by."""
    if config.normalisation is not None:
        given = published(config.normalisation)
        return given.mean.copy(), given.std.copy()
    if isinstance(config.loss, LossWeights):
        return normalisation(data.features, data.weights)
    return row_statistics.statistics(codec(config.codec), data.features)


def loss_of(config: TokenizerTraining, mean: np.ndarray, std: np.ndarray) -> MotionLoss | RowLoss:
    if isinstance(config.loss, LossWeights):
        return MotionLoss(config.loss, torch.from_numpy(mean), torch.from_numpy(std), config.positions_every)
    return RowLoss(config.loss, codec(config.codec).layout["positions"])


def train(
    config: TokenizerTraining, data, out_dir: Path, validation=None, codes_of: Path | None = None
) -> VQVAE | PartVQVAE:
    """Train until the budget is used; goes on where a killed run was saved. Returns the averaged model.

    ``codes_of``: train the decoder alone on top of that run's encoder and codebook, so that codes stay what they are.
    """
    run = TokenizerRun(config, data, Path(out_dir), validation, codes_of)
    run.train()
    return run.averaged()


def load(folder: Path) -> tuple[VQVAE | PartVQVAE, np.ndarray, np.ndarray]:
    """Averaged model, mean and std of a run's folder."""
    found = load_tokenizer(folder)
    return found.model, found.mean, found.std


def load_tokenizer(folder: Path) -> tokenizer_eval.Tokenizer:
    """The averaged model of a run's folder, or a bundle's tokenizer, with all that measuring it needs."""
    if tokenizer_of_bundle.is_bundle(folder):
        return tokenizer_of_bundle.load(folder)
    tensors, meta = checkpoint.load_weights(Path(folder))
    mean, std = tensors.pop("mean").numpy(), tensors.pop("std").numpy()
    config = TokenizerTraining.from_dict(meta["config"])
    model = motion_tokenizer(config.model)
    model.load_state_dict(tensors)
    return tokenizer_eval.Tokenizer(model.eval(), mean, std, codec(config.codec))


@torch.no_grad()
def evaluate(model: VQVAE, mean: np.ndarray, std: np.ndarray, motions: list[np.ndarray]) -> dict:
    """Reconstruction of whole MS-272 motions (T, 272): mean joint error in mm, seen from the root and its heading (the
    MPJPE of ``tokenizer_eval`` counts the heading's error too), median root drift in cm and heading error in degrees
    5 s on (every stretch of 5 s is a sample), codes used and their perplexity."""
    device = next(model.parameters()).device
    mean_t, std_t = torch.from_numpy(mean).to(device), torch.from_numpy(std).to(device)
    kinematics = ForwardKinematics().to(device)
    counts = torch.zeros(model.config.codes, device=device)
    error, frames, height, drifts, yaws = 0.0, 0, 0.0, [], []
    for motion in motions:
        length = len(motion) // model.config.frames_per_code * model.config.frames_per_code
        if length == 0:
            continue
        truth = torch.as_tensor(np.asarray(motion[:length], np.float32)).to(device)
        codes = model.encode(((truth - mean_t) / std_t)[None])
        counts += torch.bincount(codes.reshape(-1), minlength=len(counts))
        out = model.decode(codes)[0] * std_t + mean_t
        joints = [kinematics(x[:, ROTATIONS].reshape(-1, 22, 6)) for x in (out, truth)]
        error += float((joints[0] - joints[1]).norm(dim=0).mean(0).sum())
        height += float((out[:, 9] - truth[:, 9]).abs().sum())
        frames += length
        for start in range(0, length - DRIFT_FRAMES + 1, DRIFT_FRAMES):
            stretch = slice(start, start + DRIFT_FRAMES)
            (yaw, path), (true_yaw, true_path) = root_path(out[stretch]), root_path(truth[stretch])
            drifts.append(float((path[-1] - true_path[-1]).norm()))
            yaws.append(float((yaw[-1] - true_yaw[-1]).abs()))
    share = counts / counts.sum().clamp(min=1)
    return {
        "mpjpe_mm": round(1000 * error / max(frames, 1), 2),
        "height_mm": round(1000 * height / max(frames, 1), 2),
        "drift_cm": round(100 * float(np.median(drifts)), 2) if drifts else None,
        "drift_mean_cm": round(100 * float(np.mean(drifts)), 2) if drifts else None,
        "yaw_deg": round(float(np.degrees(np.median(yaws))), 2) if yaws else None,
        "stretches": len(drifts),
        "codes_used": int((counts > 0).sum()),
        "perplexity": round(float(torch.exp(-(share * (share + 1e-12).log()).sum())), 1),
        "motions": len(motions),
        "frames": frames,
    }
