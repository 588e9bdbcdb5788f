"""What the tokenizer is trained against, computed on MS-272 features: joint positions by forward kinematics of the
decoded rotations, and the root path and heading *integrated* over a window (a heavier weight on velocities alone does
not cure drift).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from backend.motion.skeleton import Skeleton, canonical

FPS = 30.0
JOINTS = 22
ROOT_VELOCITY = slice(0, 2)
TURN = slice(2, 8)
ROOT = slice(0, 8)
ROOT_HEIGHT = 9
POSITIONS = slice(8, 74)
VELOCITIES = slice(74, 140)
ROTATIONS = slice(140, 272)
WIDTH = 272


def _unit(v: torch.Tensor) -> torch.Tensor:
    return v * torch.rsqrt(v[0].square() + v[1].square() + v[2].square() + 1e-12)


def _cross(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def _length(v: torch.Tensor) -> torch.Tensor:
    """Of (3, ...): torch's own norm over a leading axis is a hundred times slower on a CPU."""
    return (v[0].square() + v[1].square() + v[2].square() + 1e-8).sqrt()


class ForwardKinematics(nn.Module):
    """Six-D local rotations (..., 22, 6) -> joint positions (3, 22, M) in metres, root at the origin.

    Components come first and frames last: every operation then runs along long contiguous rows, many times faster on a
    CPU than batches of 3 x 3 products.
    """

    def __init__(self, skeleton: Skeleton | None = None):
        super().__init__()
        skeleton = skeleton or canonical()
        level = [0] * len(skeleton)
        for j, p in enumerate(skeleton.parents):
            level[j] = level[p] + 1 if p >= 0 else 0
        self.levels = [[j for j in range(len(skeleton)) if level[j] == k] for k in range(max(level) + 1)]
        self.parents = skeleton.parents
        self.register_buffer("offsets", torch.tensor(skeleton.offsets.T, dtype=torch.float32), persistent=False)

    def forward(self, six_d: torch.Tensor) -> torch.Tensor:
        d = six_d.reshape(-1, len(self.parents), 6).permute(2, 1, 0).contiguous()  # (6, J, M)
        x = _unit(d[:3])
        z = _unit(_cross(x, d[3:]))
        y = _cross(z, x)
        local = torch.stack([x, y, z], 1)  # (3 rows, 3 columns, J, M)
        world, position = local[:, :, :1], torch.zeros_like(x[:, :1])
        positions, order = [position], [0]
        for above, here in zip(self.levels, self.levels[1:], strict=False):
            rows = [above.index(self.parents[j]) for j in here]
            parent, base = world[:, :, rows], position[:, rows]
            offset = self.offsets[:, here, None]
            position = base + parent[:, 0] * offset[0] + parent[:, 1] * offset[1] + parent[:, 2] * offset[2]
            own = local[:, :, here]
            world = sum(parent[:, k, None] * own[None, k] for k in range(3))
            positions.append(position)
            order += here
        return torch.cat(positions, 1)[:, torch.tensor(order, device=d.device).argsort()]


def root_path(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Denormalised features (..., T, 8 or more) -> heading (..., T) in radians and ground position x, z (..., T, 2) in
    metres, both accumulated from the window's first frame on. A velocity is in the heading frame of the frame before.
    """
    turn = features[..., TURN]
    turned = torch.atan2(-turn[..., 2], turn[..., 0])
    yaw = turned.cumsum(-1)
    x, z = features[..., 0], features[..., 1]
    before = yaw - turned
    cos, sin = before.cos(), before.sin()
    step = torch.stack([cos * x + sin * z, cos * z - sin * x], -1)
    return yaw, step.cumsum(-2)


@dataclass
class LossWeights:
    """Weights of the terms; the features term is a mean over normalised features, others are in metres or radians."""

    root: float = 4.0
    """extra weight of the eight root features inside the features term"""
    positions: float = 6.0
    """distance of forward-kinematics joints, metres"""
    velocities: float = 0.3
    """difference of joint velocities, metres a second"""
    height: float = 3.0
    """pelvis height, metres"""
    path: float = 1.0
    """integrated ground path, metres"""
    heading: float = 1.0
    """integrated heading, radians"""
    commitment: float = 0.25


class MotionLoss(nn.Module):
    """Loss between normalised features (B, T, 272) under a mask (B, T); returns the total and the parts as a dict."""

    def __init__(self, weights: LossWeights, mean: torch.Tensor, std: torch.Tensor, every: int = 1):
        """``every``: joint positions are compared at each n-th pair of neighbouring frames (they cost most)."""
        super().__init__()
        self.weights = weights
        self.every = every
        self.kinematics = ForwardKinematics()
        feature_weights = torch.ones(WIDTH)
        feature_weights[ROOT] = weights.root
        self.register_buffer("feature_weights", feature_weights / feature_weights.mean(), persistent=False)
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("std", std, persistent=False)

    def forward(self, out: torch.Tensor, truth: torch.Tensor, mask: torch.Tensor, phase: int = 0):
        w = self.weights
        valid = mask.to(out.dtype)
        total_valid = valid.sum().clamp(min=1)

        def mean(x):
            """Mean of (B, T) over frames that count."""
            return (x * valid).sum() / total_valid

        difference = F.smooth_l1_loss(out, truth, reduction="none")
        parts = {"features": mean(difference @ self.feature_weights / WIDTH)}
        height = (out[..., ROOT_HEIGHT] - truth[..., ROOT_HEIGHT]).abs() * self.std[ROOT_HEIGHT]
        parts["height"] = mean(height)

        head = slice(0, 8)
        yaw, path = root_path(out[..., head] * self.std[head] + self.mean[head])
        true_yaw, true_path = root_path(truth[..., head] * self.std[head] + self.mean[head])
        parts["heading"] = mean(F.smooth_l1_loss(yaw, true_yaw, reduction="none", beta=0.1))
        parts["path"] = mean(F.smooth_l1_loss(path, true_path, reduction="none", beta=0.1).sum(-1))

        pairs = self._pairs(out.shape[1], phase)
        both = torch.stack([out[:, pairs, ROTATIONS], truth[:, pairs, ROTATIONS]])
        six_d = both * self.std[ROTATIONS] + self.mean[ROTATIONS]
        joints = self.kinematics(six_d.reshape(-1, JOINTS, 6)).reshape(3, JOINTS, 2, len(out), -1, 2)
        error = joints[:, :, 0] - joints[:, :, 1]  # (3, J, B, P, 2 neighbouring frames)
        pair_valid = valid[:, pairs].reshape(len(out), -1, 2)
        count = pair_valid.sum().clamp(min=1)
        distance = _length(error).mean(0)
        parts["positions"] = (distance * pair_valid).sum() / count
        moved = _length(error[..., 1] - error[..., 0]).mean(0) * FPS
        both_valid = pair_valid.prod(-1)
        parts["velocities"] = (moved * both_valid).sum() / both_valid.sum().clamp(min=1)

        total = parts["features"] + sum(getattr(w, k) * v for k, v in parts.items() if k != "features")
        return total, parts

    def _pairs(self, frames: int, phase: int) -> list[int]:
        """Indices of neighbouring frames, two by two: all of them, or every n-th pair from ``phase`` on."""
        step = 2 * self.every
        first = phase % step
        return [i for k in range(first, frames - 1, step) for i in (k, k + 1)]
