"""What a run on a base will take, told before anything is loaded: weights, memory, steps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

from backend.systems import prompts
from training.language import learner, lora
from training.language.stage import Stage

from . import known_bases

GIB = 2**30
FROZEN_BYTES, TRAINED_BYTES = 2, 16
"""a weight: in bfloat16; or in float32 with its gradient and AdamW's two averages"""


@dataclass(frozen=True)
class Size:
    """How many weights a network on a base has, and how many of them are trained."""

    weights: int
    trained: int

    @property
    def bytes(self) -> int:
        """Of memory, without activations."""
        return FROZEN_BYTES * (self.weights - self.trained) + TRAINED_BYTES * self.trained


def size(config: Stage) -> Size:
    """Counted on a network without numbers, which needs no memory."""
    shape = known_bases.shape(config.base, config.revision)
    kind = AutoModelForSeq2SeqLM if shape.is_encoder_decoder else AutoModelForCausalLM
    rows = shape.vocab_size
    added = learner.vocabulary(rows, prompts.load(config.prompts), config).added
    with torch.device("meta"):
        model = kind.from_config(shape)
        if added:
            model.resize_token_embeddings(rows + added, mean_resizing=False)
        if config.lora:
            model = lora.adapted(model, config.lora, rows, added)
    # what is trained of added rows counts twice: PEFT has it beside the embedding
    counts = [(weight.numel(), weight.requires_grad) for weight in model.parameters()]
    return Size(sum(n for n, _ in counts), sum(n for n, trained in counts if trained))


def told(name: str, config: Stage, motions: int, processes: int) -> str:
    """A stage in words: one line each for network, memory, budget."""
    found = size(config)
    how = "all weights" if config.lora is None else f"LoRA rank {config.lora.rank} on {config.lora.targets}"
    rate = f"{config.lr:g} {config.schedule}" + (f" after {config.warmup:g} steps" if config.warmup >= 1 else "")
    share = f"{config.samples // processes} a process, at most {config.tokens} tokens at a time"
    return "\n".join(
        [
            f"{name}: {config.steps} steps of {config.samples} samples ({share}), {motions} motions",
            f"  base      {config.base}, {found.weights / 1e9:.2f} billion weights with what is trained",
            f"  trained   {found.trained:,} weights ({100 * found.trained / found.weights:.2f} %): {how}",
            f"  memory    {found.bytes / GIB:.1f} GiB and activations; sharded, a process holds its part",
            f"  rate      {rate}, weight decay {config.weight_decay:g}, prompts {config.prompts}",
        ]
    )
