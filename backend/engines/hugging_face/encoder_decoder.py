"""Decoding with an encoder-decoder (T5): the prompt goes through the encoder once, the answer through the decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from transformers import DynamicCache, EncoderDecoderCache

from ..batching import check_length, check_tokens, distinct
from ..torch_decoding.head import restricted

POSITIONS = 512
"""of a prompt and of an answer, where a config does not say: what T5 was trained on; its positions are relative"""


@dataclass
class State:
    """A batch of answers under way; ``left`` steps are possible still."""

    answers: nn.Module
    cache: EncoderDecoderCache
    encoded: torch.Tensor
    mask: torch.Tensor
    left: int


class EncoderDecoder:
    """Serves as ``torch_decoding.Decoder`` does; ``model`` must not change any more."""

    def __init__(self, model: nn.Module):
        self._model = model.eval()
        self.longest = 2 * (getattr(model.config, "n_positions", None) or POSITIONS)

    @torch.inference_mode()
    def start(self, prompts: list[list[int]], allowed: Sequence[int], steps: int) -> tuple[np.ndarray, State]:
        tokens, places, rows = distinct(prompts)
        check_tokens(tokens, self._model.get_input_embeddings().num_embeddings)
        check_length(tokens.shape[1], steps, self.longest)
        device = self._model.device
        tokens, mask, rows = (torch.from_numpy(a).to(device) for a in (tokens, places >= 0, rows))
        encoded = self._model.get_encoder()(input_ids=tokens, attention_mask=mask.long()).last_hidden_state
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        state = State(restricted(self._model, list(allowed)), cache, encoded, mask, steps)
        first = torch.full((len(tokens),), self._model.config.decoder_start_token_id, device=device)
        logits = _extended(state, first)  # of each distinct prompt, then of its takes
        cache.batch_select_indices(rows)
        state.encoded, state.mask = encoded[rows], mask[rows]
        return logits[rows.cpu().numpy()], state

    @torch.inference_mode()
    def step(self, state: State, tokens: np.ndarray) -> np.ndarray:
        if not state.left:
            raise ValueError("no place is left in the cache: start with more steps")
        tokens = np.asarray(tokens, np.int64)
        check_tokens(tokens, self._model.get_input_embeddings().num_embeddings)
        state.left -= 1
        return _extended(state, torch.from_numpy(tokens).to(self._model.device))


def _extended(state: State, tokens: torch.Tensor) -> np.ndarray:
    """Append one token (B,) to each answer -> the logits (B, n) after it."""
    out = state.answers(
        encoder_outputs=(state.encoded,),
        attention_mask=state.mask.long(),
        decoder_input_ids=tokens[:, None],
        past_key_values=state.cache,
        use_cache=True,
    )
    return out.logits[:, -1].float().cpu().numpy()
