"""What a run of the motion tokenizer is told, and its setups: the starter's and those of the papers."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace

from backend.models.config import PartVQVAEConfig, VQVAEConfig, tokenizer_config
from backend.motion.features import kit251, motionx623, ms272
from backend.motion.features.codec import codec
from training.configs import made
from training.motion_loss import LossWeights
from training.row_loss import RowLossWeights
from training.run import RunConfig

LOSSES = {"kinematics": LossWeights, "rows": RowLossWeights}
"""what a run is trained against: joints by forward kinematics of MS-272, or the published loss on any codec's rows"""


def starter_model() -> VQVAEConfig:
    return VQVAEConfig(
        width=256, code_width=64, codes=1024, dilations=(3, 1), decay=0.98, reset_below=0.1, robust_commitment=True
    )


@dataclass
class TokenizerTraining(RunConfig):
    """A run of stage 1; ValueError where model, loss and codec do not fit together."""

    codec: str = ms272.NAME
    """of the rows"""
    normalisation: str | None = None
    """a published mean and deviation by name; None: those of the training rows"""
    model: VQVAEConfig = field(default_factory=starter_model)
    """of either tokenizer"""
    loss: LossWeights | RowLossWeights = field(default_factory=LossWeights)
    batch: int = 64
    window: int = 64
    """frames"""
    plain: float = 0.02
    """part of the budget without quantisation, before the codebook starts from the encoder's outputs"""
    positions_every: int = 2
    """joint positions are compared at each n-th pair of frames (kinematics alone)"""

    def __post_init__(self):
        super().__post_init__()
        width = codec(self.codec).width
        if isinstance(self.loss, LossWeights) and self.codec != ms272.NAME:
            raise ValueError(f"loss kind 'kinematics' needs {ms272.NAME}, for {self.codec} use 'rows'")
        if self.model.input_width != width:
            raise ValueError(f"a model with input_width {self.model.input_width} cannot read {self.codec}: {width}")

    def to_dict(self) -> dict:
        (kind,) = (name for name, weights in LOSSES.items() if isinstance(self.loss, weights))
        return asdict(self) | {"model": self.model.to_dict(), "loss": {"kind": kind} | asdict(self.loss)}

    @classmethod
    def from_dict(cls, d: dict) -> TokenizerTraining:
        d = dict(d)
        if "model" in d:
            d["model"] = tokenizer_config(d["model"])
        if "loss" in d:
            weights = dict(d["loss"])
            kind = weights.pop("kind", "kinematics")
            if kind not in LOSSES:
                raise ValueError(f"unknown loss kind {kind!r}; known: {', '.join(LOSSES)}")
            d["loss"] = made(LOSSES[kind], weights)
        return made(cls, d)


PUBLISHED_SETS = {"humanml263": "humanml3d-b", kit251.NAME: "kit-b"}
"""codec -> the mean and deviation that T2M-GPT, MotionGPT and the evaluators use"""


def starter(codec_name: str, clips: int) -> TokenizerTraining:
    """The default bundle's: small, against forward kinematics, for minutes on a CPU."""
    return TokenizerTraining(codec=codec_name)


def t2mgpt(codec_name: str, clips: int) -> TokenizerTraining:
    """T2M-GPT's and MotionGPT's tokenizer (papers.md 2.3), on the rows of any codec."""
    steps = 300_000
    return TokenizerTraining(
        codec=codec_name, normalisation=PUBLISHED_SETS.get(codec_name), loss=RowLossWeights(), batch=256, window=64,
        model=VQVAEConfig(input_width=codec(codec_name).width), plain=0.0, steps=steps, lr=2e-4, warmup=1000 / steps,
        schedule="constant", drop=2 / 3, final_lr=0.05, weight_decay=0.0, clip=None, average=0.0, precision="fp32",
    )  # fmt: skip


def motiongpt2(codec_name: str, clips: int) -> TokenizerTraining:
    """MotionGPT-2's (papers.md 2.3): 1,200 epochs. How the learning rate changes is not said: as in T2M-GPT."""
    base = t2mgpt(codec_name, clips)
    steps = 1200 * math.ceil(clips / base.batch)
    return replace(base, steps=steps, lr=1e-4, warmup=min(1000 / steps, 0.1), weight_decay=1e-5)


def part_aware(codec_name: str, clips: int) -> TokenizerTraining:
    """MotionGPT-2's of body and hands, on Motion-X-623."""
    return replace(motiongpt2(codec_name, clips), model=PartVQVAEConfig(input_width=codec(codec_name).width))


PRESETS = {"starter": starter, "t2mgpt": t2mgpt, "motiongpt2": motiongpt2, "part_aware": part_aware}
"""setup by name; each is told the codec and how many clips there are"""


def preset_of(codec_name: str) -> str:
    """The setup that is meant for a codec where none is named."""
    return {ms272.NAME: "starter", motionx623.NAME: "part_aware"}.get(codec_name, "t2mgpt")
