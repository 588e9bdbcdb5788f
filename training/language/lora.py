"""Low-rank adapters on a frozen base (PEFT), and the rows of the tokens that were added to it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from backend.engines.hugging_face.network import grow
from training.bounds import check

ALL_LINEAR = "all-linear"
# what the bases of other houses call the layers that papers name
_ALSO = {"q_proj": ("q_proj", "q", "query"), "k_proj": ("k_proj", "k", "key"), "v_proj": ("v_proj", "v", "value")}


@dataclass(frozen=True)
class LoRA:
    """MotionGPT-2's; its 89 M parameters say rank 32 on all linear layers (papers.md 4.2)."""

    rank: int = 32
    alpha: int = 32
    dropout: float = 0.05
    targets: str = ALL_LINEAR
    """all-linear, or names of layers with commas between them"""

    def __post_init__(self):
        check("rank", self.rank, 1)
        check("alpha", self.alpha, 1)
        check("dropout", self.dropout, high=1, below=True)


MOTIONGPT = LoRA(rank=64, alpha=16, targets="q_proj,v_proj")
"""on queries and values alone (papers.md 3.3)"""


def adapted(model: PreTrainedModel, lora: LoRA, first_added: int, added: int) -> PeftModel:
    """``model`` frozen, with adapters and ``added`` trainable rows of embedding and head from ``first_added`` on."""
    rows = list(range(first_added, first_added + added))
    config = LoraConfig(
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, bias="none", target_modules=targets(model, lora),
        trainable_token_indices=dict.fromkeys(_vocabulary_layers(model), rows) if added else None,
        task_type="SEQ_2_SEQ_LM" if model.config.is_encoder_decoder else "CAUSAL_LM",
    )  # fmt: skip
    return get_peft_model(model, config)


def targets(model: nn.Module, lora: LoRA) -> str | list[str]:
    """The names that this architecture has for the layers; ValueError where it has no such layers by themselves."""
    if lora.targets == ALL_LINEAR:
        return ALL_LINEAR
    linear = {
        name.rpartition(".")[2] for name, module in model.named_modules() if isinstance(module, nn.Linear | Conv1D)
    }
    out = []
    for wanted in lora.targets.split(","):
        found = [name for name in _ALSO.get(wanted, (wanted,)) if name in linear]
        if not found:
            raise ValueError(
                f"'lora.targets': {type(model).__name__} has no layer {wanted!r} of its own (queries, keys and values "
                f"may be one there, and adapters on a part of it are not supported); it has "
                f"{', '.join(sorted(linear))} and {ALL_LINEAR}"
            )
        out.append(found[0])
    return out


def _vocabulary_layers(model: PreTrainedModel) -> list[str]:
    """Embedding and head by name; tied, they are one for PEFT, which then asks for the embedding alone."""
    ends = [model.get_input_embeddings()]
    if not model.config.tie_word_embeddings:
        ends.append(model.get_output_embeddings())
    return [name for end in ends for name, module in model.named_modules() if module is end]


def grown(model: PreTrainedModel, rows: int, added: int) -> None:
    """Give embedding and head ``added`` random rows behind the first ``rows``, spread as those are."""
    if not added:
        return
    grow(model, rows + added)
    with torch.no_grad():
        for weight in {end.weight for end in (model.get_input_embeddings(), model.get_output_embeddings())}:
            std = float(weight[:rows].float().std())
            weight[rows:] = torch.randn(added, weight.shape[1]).mul(std).to(weight)
