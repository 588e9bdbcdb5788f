"""The motion language model: a small decoder-only GPT-2 over one vocabulary of text and motion tokens.

Choices: `transformers`' GPT-2 class built from a configuration, no pretrained weights; embeddings tied;
dropout everywhere because the data are small. Ids are the ``Vocabulary``'s.
"""

from __future__ import annotations

import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel

from .config import LanguageModelConfig


class LanguageModel(nn.Module):
    def __init__(self, config: LanguageModelConfig):
        super().__init__()
        c = self.config = config
        self.gpt = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=c.size, n_positions=c.positions, n_embd=c.width, n_layer=c.layers, n_head=c.heads,
                resid_pdrop=c.residual_dropout, embd_pdrop=c.embedding_dropout, attn_pdrop=c.attention_dropout,
                # the same function as GPT-2's "gelu_new" in one kernel instead of eight
                activation_function="gelu_pytorch_tanh", bos_token_id=None, eos_token_id=None,
            )
        )  # fmt: skip

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(B, L) to logits (B, L, size). Padding on the right needs no mask: no earlier token can see it."""
        return self.gpt(input_ids=tokens, use_cache=False).logits

    def hidden(self, tokens: torch.Tensor) -> torch.Tensor:
        """(B, L) to the last layer's (B, L, width); ``logits`` turns the rows that matter into logits."""
        return self.gpt.transformer(input_ids=tokens, use_cache=False).last_hidden_state

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.gpt.lm_head(hidden)

    def weights(self) -> dict[str, torch.Tensor]:
        """State dict without the tied output layer, which is the embedding once more."""
        return {k: v for k, v in self.state_dict().items() if k != "gpt.lm_head.weight"}

    def load_weights(self, tensors: dict[str, torch.Tensor]) -> None:
        """Take the tensors of ``weights``; the RuntimeError names what is missing or too much."""
        embedding = tensors.get("gpt.transformer.wte.weight")
        tied = {} if embedding is None else {"gpt.lm_head.weight": embedding}
        self.load_state_dict(dict(tensors) | tied)
