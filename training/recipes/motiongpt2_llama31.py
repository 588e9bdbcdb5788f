"""MotionGPT-2 on Llama-3.1-8B (papers.md 4.1, 4.2): alignment, then instruction tuning, on HumanML3D.

    python -m training.recipes.motiongpt2_llama31 --set data/humanml3d --runs runs/motiongpt2 \\
        --texts corpus.txt --distributed fsdp --processes 4 [--dry-run]

As published: a frozen base, 32 samples a step; stage 2 at 2e-4 for 100 epochs, stage 3 at 1e-4 for 50. Chosen where the
paper is silent: LoRA of rank and alpha 32 on all linear layers and rows of their own for the added tokens (which gives
its 89 M trained weights), a cosine, no weight decay, a fifth of stage 2 plain text.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from training.language.alignment import Alignment
from training.language.instruction import Instruction
from training.language.lora import LoRA

from . import paper_setup
from .paper_setup import PaperStage, Setup

SHARED = {
    "schedule": "cosine", "warmup": 0.03, "weight_decay": 0.0, "clip": 1.0, "average": 0.0, "label_smoothing": 0.0,
    "precision": "bf16", "prompts": "alpaca_20", "streams": {"motion": 512}, "tokens": 2048, "checkpoint_minutes": 10,
    "evaluate_minutes": 60, "sample_minutes": 60,
}  # fmt: skip
ALIGNMENT = Alignment(lr=2e-4, lora=LoRA(rank=32, alpha=32, dropout=0.05), **SHARED)
INSTRUCTION = Instruction(lr=1e-4, lora=ALIGNMENT.lora, **SHARED)
STAGES = (
    PaperStage("align", ALIGNMENT, samples=32, epochs=100),
    PaperStage("instruct", INSTRUCTION, samples=32, epochs=50),
)
SETUP = Setup("meta-llama/Llama-3.1-8B", "motiongpt2", 2, STAGES)


def whole() -> tuple[PaperStage, ...]:
    """The same stages with all weights trained."""
    return tuple(replace(stage, config=replace(stage.config, lora=None)) for stage in STAGES)


if __name__ == "__main__":
    sys.exit(paper_setup.main(SETUP, __doc__))
