"""MotionGPT as published (papers.md 3.2 to 3.4): LLaMA-13B, or 7B with --base huggyllama/llama-7b, on HumanML3D.

    python -m training.recipes.motiongpt_llama --set data/humanml3d --runs runs/motiongpt [--dry-run]

T2M-GPT's tokenizer; LoRA of rank 64, alpha 16, dropout 0.05 on queries and values; 256 samples a step, 3e-3 constant
after 100 steps of warm-up, weight decay 0.01. The paper's 37,500 "epochs" are its code's 150,000 micro-batches of 4
divided by 4: 586 steps of 256. The learning rate was found for a loss that is summed over the 64 micro-batches of a
step; ours is the mean of the step, which AdamW, indifferent to the scale of gradients, answers with the same steps.
"""

from __future__ import annotations

import sys

from training.language.lora import MOTIONGPT
from training.language.motiongpt import MotionGPT

from . import paper_setup
from .paper_setup import PaperStage, Setup

CONFIG = MotionGPT(
    lr=3e-3, schedule="constant", warmup=100, weight_decay=0.01, clip=None, average=0.0, lora=MOTIONGPT,
    precision="bf16", prompts="alpaca_digits", streams={"motion": 512}, tokens=2048, checkpoint_minutes=10,
    evaluate_minutes=30, sample_minutes=30,
)  # fmt: skip
SETUP = Setup("huggyllama/llama-13b", "t2mgpt", 0, [PaperStage("motiongpt", CONFIG, samples=256, steps=586)])

if __name__ == "__main__":
    sys.exit(paper_setup.main(SETUP, __doc__))
