"""The LLaMA-1 models that MotionGPT 1's LoRA can be for, and its tensors in lit-llama's layout (papers.md 3.3)."""

from __future__ import annotations

from dataclasses import dataclass

CODE_WIDTH = 512
"""of the two projections that the published forward pass never uses"""


@dataclass(frozen=True)
class Base:
    """A LLaMA-1 that the LoRA can be for."""

    name: str
    hub: str
    """its conversion for transformers"""
    width: int
    layers: int
    heads: int
    rank: int = 64
    alpha: int = 16
    words: int = 32000

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the LoRA in lit-llama's layout, without the unused projections."""
        pair = {"lora_A": (2 * self.rank, self.width), "lora_B": (2 * self.width, self.rank)}
        return {
            f"transformer.h.{i}.attn.c_attn.{name}": shape for i in range(self.layers) for name, shape in pair.items()
        }

    def unused(self) -> dict[str, tuple[int, ...]]:
        shapes = {"llama_proj": (self.width, CODE_WIDTH), "motion_proj": (CODE_WIDTH, self.width)}
        return {f"{name}.weight": shape for name, shape in shapes.items()} | {
            f"{name}.bias": shape[:1] for name, shape in shapes.items()
        }


BASES = (
    Base("LLaMA-7B", "huggyllama/llama-7b", 4096, 32, 32),
    Base("LLaMA-13B", "huggyllama/llama-13b", 5120, 40, 40),
)
