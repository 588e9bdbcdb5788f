"""One token a row through a Llama, written for the speed of memory: few kernels beside the matrices.

A step at batch 1 reads every weight once and computes next to nothing, so what counts is how little time passes
between one matrix and the next. A layer is two pure functions of tensors with the attention between them.
``torch.compile`` melts their sums, norms and gates into a kernel each, once for all layers, since those have the same
shapes; the attention has a kernel of its own. Where neither can be, torch's kernels do the same. Llama, Mistral and
Qwen2 share this layer (Qwen2 with biases); ``fits`` says which models do.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F
from transformers import DynamicCache, LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM

from . import attention
from .cache import copy_into

FAMILY = (LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM)


class Linear(NamedTuple):
    weight: torch.Tensor
    bias: torch.Tensor | None


class Layer(NamedTuple):
    """The weights of one layer; ``qkv`` and ``gate_up`` have the rows of several matrices below one another."""

    attention_norm: torch.Tensor
    qkv: Linear
    out: Linear
    mlp_norm: torch.Tensor
    gate_up: Linear
    down: Linear


def fits(model: nn.Module) -> bool:
    """Whether ``LlamaStep`` computes what ``model`` does: a class of the family itself, without adapters or quantised
    matrices in it."""
    if type(model) not in FAMILY or model.config.hidden_act != "silu" or turns_with_length(model):
        return False
    parts = ((layer.self_attn, layer.mlp) for layer in model.model.layers)
    return all(
        type(matrix) is nn.Linear
        for gathering, gated in parts
        for matrix in (
            *(gathering.q_proj, gathering.k_proj, gathering.v_proj, gathering.o_proj),
            *(gated.gate_proj, gated.up_proj, gated.down_proj),
        )
    )


def turns_with_length(model: nn.Module) -> bool:
    """Whether the rotary positions of ``model`` change with the number of tokens so far: no table and no graph can
    hold them."""
    given = getattr(model.config.get_text_config(decoder=True), "rope_parameters", None) or {}
    kinds = {given.get("rope_type"), *(of.get("rope_type") for of in given.values() if isinstance(of, dict))}
    return not kinds.isdisjoint(("dynamic", "longrope"))


def layers_of(model: nn.Module) -> list[Layer]:
    """The layers of a model that ``fits``. The matrices that are read together become one, of which the model's own
    are views from now on: not a byte is held twice, and the model computes what it did."""
    return [
        Layer(
            layer.input_layernorm.weight.detach(),
            _merged(layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj),
            _merged(layer.self_attn.o_proj),
            layer.post_attention_layernorm.weight.detach(),
            _merged(layer.mlp.gate_proj, layer.mlp.up_proj),
            _merged(layer.mlp.down_proj),
        )
        for layer in model.model.layers
    ]


class LlamaStep:
    """As ``ModelStep``, for models that ``fits``; ``layers`` are theirs."""

    def __init__(self, model: nn.Module, layers: list[Layer], batch: int, capacity: int):
        self._layers, self._eps = layers, model.config.rms_norm_eps
        self._embedding, self._norm = model.model.embed_tokens, model.model.norm.weight.detach()
        self._head = _merged(model.lm_head)
        like = self._embedding.weight
        cosines, sines = model.model.rotary_emb(like, torch.arange(capacity, device=like.device)[None])
        self._turns = cosines[0], sines[0]
        shape = (batch, model.config.num_key_value_heads, capacity, cosines.shape[-1])
        self._cache = [(like.new_zeros(shape), like.new_zeros(shape)) for _ in layers]
        self._enter, self._mlp, self._attend = _kernels(like.device, shape[-1])

    def fill(self, past: DynamicCache, rows: torch.Tensor) -> None:
        for (keys, values), before in zip(self._cache, past.layers):
            copy_into(keys, before.keys, rows)
            copy_into(values, before.values, rows)

    def __call__(
        self, tokens: torch.Tensor, positions: torch.Tensor, place: torch.Tensor, seen: torch.Tensor
    ) -> torch.Tensor:
        x = self._embedding(tokens)
        more = torch.zeros_like(x)
        turn = tuple(table[positions] for table in self._turns)
        for w, (keys, values) in zip(self._layers, self._cache):
            x, joined = self._enter(x, more, w.attention_norm, w.qkv, self._eps)
            x, more = self._mlp(x, self._attend(joined, turn, keys, values, place, seen), w, self._eps)
        return self._enter(x, more, self._norm, self._head, self._eps)[1]


def enter(
    x: torch.Tensor, more: torch.Tensor, norm: torch.Tensor, into: Linear, eps: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """x + more (B, D), and that through a norm and a matrix (B, n)."""
    x = _sum(x, more)
    return x, F.linear(F.rms_norm(x, x.shape[-1:], norm, eps), *into)


def mlp(x: torch.Tensor, attended: torch.Tensor, w: Layer, eps: float) -> tuple[torch.Tensor, torch.Tensor]:
    """x (B, D) with what the attention gathered, and what the layer adds to that at its end."""
    x, hidden = enter(x, F.linear(attended, *w.out), w.mlp_norm, w.gate_up, eps)
    gate, up = hidden.chunk(2, -1)
    return x, F.linear(F.silu(gate) * up, *w.down)


def _kernels(device: torch.device, width: int) -> tuple[Callable, Callable, Callable]:
    """``enter``, ``mlp`` and ``attend``, compiled where that is possible: it needs CUDA, Triton, and for Triton a C
    compiler."""
    compilers = ("cc", "gcc", "clang")
    if device.type != "cuda" or importlib.util.find_spec("triton") is None or not any(map(shutil.which, compilers)):
        return enter, mlp, attention.attend
    from . import triton_attention

    attend = triton_attention.attend if triton_attention.fits(width) else attention.attend
    return torch.compile(enter), torch.compile(mlp), attend


def _sum(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    # the same numbers as x + y; written so, no compiler makes the sum part of the matrix product, which copies x first
    return (x.float() + y.float()).to(x.dtype)


def _merged(*modules: nn.Linear) -> Linear:
    """One matrix with the rows of all, which become views of it."""
    if len(modules) == 1:
        return Linear(*(None if p is None else p.detach() for p in (modules[0].weight, modules[0].bias)))
    weight = torch.cat([m.weight.detach() for m in modules])
    bias = None if modules[0].bias is None else torch.cat([m.bias.detach() for m in modules])
    for module, rows in zip(modules, weight.split([m.out_features for m in modules])):
        module.weight.data = rows
    return Linear(weight, bias)
