"""What a trained tokenizer keeps of motions, whatever codec their rows are of: errors of joint positions, sliding feet
beside the original's, use of the codes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from backend.models.part_vqvae import PartVQVAE
from backend.models.vqvae import VQVAE
from backend.motion import kinematics
from backend.motion.features.codec import Codec
from backend.motion.floor import foot_slide
from backend.motion.skeleton import KINDS
from training.metrics import reconstruction

_NAMES, _ = KINDS["smplx52"]
_BODY = len(KINDS["smpl22"][0])
"""joints, which come before the fingers'"""
_HANDS = [
    [_NAMES.index(f"{side}_wrist")] + [j for j in range(_BODY, len(_NAMES)) if _NAMES[j].startswith(side)]
    for side in ("left", "right")
]
"""each: the wrist, then its fingers' joints"""


@dataclass(frozen=True, eq=False)
class Tokenizer:
    """A network with the normalisation and the codec of the rows that it was trained on."""

    model: VQVAE | PartVQVAE
    mean: np.ndarray
    std: np.ndarray
    codec: Codec

    @torch.no_grad()
    def through(self, rows: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Rows (T, D), T a multiple of the frames a code -> rows (T, D), and stream -> codes (N,)."""
        device = next(self.model.parameters()).device
        normalised = torch.from_numpy((rows - self.mean) / self.std).float().to(device)
        codes = streams(self.model.encode(normalised[None]))
        out = self.model.decode(*codes)[0].float().cpu().numpy() * self.std + self.mean
        return out, {name: found[0].cpu().numpy() for name, found in zip(self.model.config.streams, codes)}


def streams(codes: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """What either network encodes to, as a tuple in the order of its config's ``streams``."""
    return codes if isinstance(codes, tuple) else (codes,)


def evaluate(tokenizer: Tokenizer, clips: Iterable[np.ndarray]) -> dict:
    """Rows (T, D) of clips through the tokenizer: means over all frames, millimetres (``accl``: a frame squared,
    ``foot_slide``: a frame; beside it the original's), and under "codes" their ``usage`` by stream. Clips shorter than
    one code are left out; ValueError when none is left."""
    step = tokenizer.model.config.frames_per_code
    each: dict[str, list[np.ndarray]] = defaultdict(list)
    slides: dict[str, list[tuple[float | None, int]]] = defaultdict(list)
    counts = {stream: np.zeros(tokenizer.model.config.codes) for stream in tokenizer.model.config.streams}
    for rows in clips:
        rows = np.asarray(rows)[: len(rows) // step * step]
        if not len(rows):
            continue
        out, codes = tokenizer.through(rows)
        for stream, found in codes.items():
            counts[stream] += np.bincount(found, minlength=len(counts[stream]))
        (found, slide), (truth, true_slide) = (_shown(tokenizer.codec, one) for one in (out, rows))
        for name, error in errors(found, truth).items():
            each[name].append(error)
        slides["foot_slide_mm"].append((slide, len(rows)))
        slides["foot_slide_original_mm"].append((true_slide, len(rows)))
    if not each:
        raise ValueError(f"no clip has the {step} frames of one code")
    report = {name: round(float(np.concatenate(error).mean()), 3) for name, error in each.items()}
    report |= {name: _mean_slide(slide) for name, slide in slides.items()}
    usage = {stream: reconstruction.usage(count) for stream, count in counts.items()}
    frames = sum(map(len, each["mpjpe_mm"]))
    return report | {"codes": usage, "clips": len(each["mpjpe_mm"]), "frames": frames}


def _shown(codec: Codec, rows: np.ndarray) -> tuple[np.ndarray, float | None]:
    """Joint positions (T, J, 3) that the rows show, metres, and how far the feet of their motion slide."""
    motion = codec.decode(rows)
    positions = codec.positions(rows) if codec.positions else kinematics.joint_positions(motion)
    return positions, foot_slide(motion)


def _mean_slide(found: Sequence[tuple[float | None, int]]) -> float | None:
    """Of clips' slides and frames: a clip counts by its frames, as it does in the errors; one that never stands does
    not count."""
    standing = [(slide, frames) for slide, frames in found if slide is not None]
    if not standing:
        return None
    slides, frames = zip(*standing)
    return round(float(np.average(slides, weights=frames)), 3)


def errors(found: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Positions (T, J, 3) twice -> (T,) or (T - 2,) means over joints. With hands also the body's alone, the fingers'
    seen from their wrist (an arm that is turned turns them too), and their shape: each hand fitted first."""
    out = {
        "mpjpe_mm": reconstruction.joint_errors(found, truth, root=0),
        "mpjpe_global_mm": reconstruction.joint_errors(found, truth),
        "pa_mpjpe_mm": reconstruction.fitted_errors(found, truth),
        "accl_mm": reconstruction.acceleration_errors(found, truth),
    }
    if found.shape[1] == len(_NAMES):
        out["body_mpjpe_mm"] = out["mpjpe_mm"][:, :_BODY]
        hands = [(found[:, hand], truth[:, hand]) for hand in _HANDS]
        seen = [reconstruction.joint_errors(*both, root=0)[:, 1:] for both in hands]
        out["hands_mpjpe_mm"] = np.concatenate(seen, axis=1)
        out["hands_pa_mpjpe_mm"] = np.concatenate([reconstruction.fitted_errors(*both) for both in hands], axis=1)
    return {name: error.mean(axis=1) for name, error in out.items()}
