"""A Hugging Face causal language model as systems use one: numpy in, numpy out, only the logits that can be an answer.

Prompts go through the model once, each distinct one for all of its takes; then every step appends one token a row to a
cache of a fixed size, on CUDA as one graph. Tokens are drawn outside, by numpy: of an 8-B model's step of 4.5 ms on an
H200 the draw takes 0.07 ms and the way to the processor and back 0.05 ms, and one kind of generator serves all engines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from transformers import DynamicCache

from ..batching import check_length, check_tokens, distinct
from . import llama_step
from .captured import captured
from .head import restricted
from .model_step import ModelStep

BLOCK = 64
"""the cache grows in steps of so many places, so that answers of nearly one length share their compiled step"""
ATTENTION = ("sdpa", "eager")
"""ways to attend that take a mask of our own"""


class _Plan:
    """The buffers and the step for one batch size, cache size and list of allowed tokens."""

    def __init__(self, model: nn.Module, step: ModelStep | llama_step.LlamaStep, batch: int, capacity: int):
        device, self._step = model.device, step
        self._captures = device.type == "cuda" and not llama_step.turns_with_length(model)
        self._tokens = torch.zeros(batch, dtype=torch.long, device=device)
        self._positions = torch.zeros(batch, dtype=torch.long, device=device)
        self._place = torch.zeros(1, dtype=torch.long, device=device)
        self._seen = torch.full((batch, 1, 1, capacity), -torch.inf, dtype=model.dtype, device=device)
        self._run = None

    def begin(self, past: DynamicCache, mask: torch.Tensor, rows: torch.Tensor) -> None:
        """Take over the prompts' cache and their ``mask`` (D, L), for the takes ``rows`` (B,)."""
        if self._run is None:
            self._step.fill(past, rows)  # a cache must be there before its step is captured; its numbers come below
            self._run = captured(self._advance) if self._captures else self._advance
        self._step.fill(past, rows)
        self._seen.fill_(-torch.inf)
        self._seen[:, 0, 0, : mask.shape[1]].masked_fill_(mask[rows], 0)
        self._positions.copy_(mask[rows].sum(1))
        self._place.fill_(mask.shape[1])

    def step(self, tokens: np.ndarray) -> np.ndarray:
        self._tokens.copy_(torch.from_numpy(tokens))
        return self._run().cpu().numpy()

    def _advance(self) -> torch.Tensor:
        self._seen.index_fill_(-1, self._place, 0)
        logits = self._step(self._tokens, self._positions, self._place, self._seen).float()
        self._positions += 1
        self._place += 1
        return logits


@dataclass
class State:
    """A batch of answers under way; ``left`` steps are possible still. It lasts until the next ``start``."""

    plan: _Plan
    batch: int
    left: int


class Decoder:
    """Decodes with ``model``, a causal LM on its device in its dtype (bfloat16 on CUDA), which must not change any
    more: adapters are merged before. ValueError for models that are not decoders on one device, with layers that are
    all attention."""

    def __init__(self, model: nn.Module):
        self._model = model.eval()
        config = self._config = model.config.get_text_config(decoder=True)
        if model.config.is_encoder_decoder:
            raise ValueError(f"a {type(model).__name__} has an encoder; only a decoder alone continues a prompt")
        kinds = set(getattr(config, "layer_types", None) or ())
        if kinds - {"full_attention", "sliding_attention"}:
            raise ValueError(f"layers of the kinds {', '.join(sorted(kinds))}: only layers of attention can be decoded")
        devices = sorted({str(parameter.device) for parameter in model.parameters()})
        if len(devices) > 1:
            raise ValueError(f"the model is spread over {', '.join(devices)}; load all of it on one device")
        if model.config._attn_implementation not in ATTENTION:
            raise ValueError(
                f"the model attends by {model.config._attn_implementation!r}; load it with attn_implementation="
                f"{ATTENTION[0]!r}"
            )
        self._layers = llama_step.layers_of(model) if llama_step.fits(model) else None
        self._plan, self._key, self._state, self._answers = None, None, None, model

    @property
    def longest(self) -> float:
        """The most tokens that a prompt and its answer can have together."""
        c = self._config
        limits = (getattr(c, "max_position_embeddings", None), getattr(c, "sliding_window", None))
        return min((limit for limit in limits if limit is not None), default=math.inf)

    @torch.inference_mode()
    def start(self, prompts: list[list[int]], allowed: Sequence[int], steps: int) -> tuple[np.ndarray, State]:
        """Prompts of any lengths, one row each (rows may repeat) -> next-token logits (B, n) float32 of the n tokens
        ``allowed``, in their order, and a state for up to ``steps`` calls of ``step``.

        ValueError for prompts and steps that are more than ``longest``, for ids that the model does not have, and for
        prompts without tokens.
        """
        tokens, places, rows = distinct(prompts)
        check_tokens(tokens, self._size)
        length = tokens.shape[1]
        check_length(length, steps, self.longest)
        plan = self._plan_for(len(rows), length + steps, allowed)
        device = self._model.device
        tokens, mask, rows = (torch.from_numpy(a).to(device) for a in (tokens, places >= 0, rows))
        past = DynamicCache()
        out = self._answers(
            input_ids=tokens, attention_mask=mask.long(), position_ids=torch.from_numpy(places).clamp(min=0).to(device),
            past_key_values=past, use_cache=True, logits_to_keep=1,
        )  # fmt: skip
        self._state = None  # from here on the cache is no longer that of the answers before
        plan.begin(past, mask, rows)
        self._state = State(plan, len(rows), steps)
        return out.logits[rows, -1].float().cpu().numpy(), self._state

    @torch.inference_mode()
    def step(self, state: State, tokens: np.ndarray) -> np.ndarray:
        """Append one token (B,) to each row of ``state``, in place -> next-token logits (B, n) float32.

        ValueError for a state that a later ``start`` has replaced or that has no step left, and for wrong tokens.
        """
        if state is not self._state:
            raise ValueError("these answers are over: a later start took their cache")
        if not state.left:
            raise ValueError("no place is left in the cache: start with more steps")
        tokens = np.asarray(tokens, np.int64)
        if tokens.shape != (state.batch,):
            raise ValueError(f"one token for each of the {state.batch} rows is needed, got the shape {tokens.shape}")
        check_tokens(tokens, self._size)
        state.left -= 1
        return state.plan.step(tokens)

    @property
    def _size(self) -> int:
        return self._model.get_input_embeddings().num_embeddings

    def _plan_for(self, batch: int, places: int, allowed: Sequence[int]) -> _Plan:
        """The plan of the last call where it serves again, otherwise a new one in its place."""
        capacity = -(-places // BLOCK) * BLOCK
        key = (batch, capacity, tuple(allowed))
        if key != self._key:
            self._plan = self._key = self._state = None  # frees the old cache before the new one is made
            self._answers = restricted(self._model, list(allowed))
            if self._layers is None:
                step = ModelStep(self._answers, batch, capacity)
            else:
                step = llama_step.LlamaStep(self._answers, self._layers, batch, capacity)
            self._plan, self._key = _Plan(self._model, step, batch, capacity), key
        return self._plan
