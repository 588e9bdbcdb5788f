"""The attention of one new token a row over a cache of a fixed size, in torch's own kernels."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def attend(
    joined: torch.Tensor,
    turn: tuple[torch.Tensor, torch.Tensor],
    keys: torch.Tensor,
    values: torch.Tensor,
    place: torch.Tensor,
    seen: torch.Tensor,
) -> torch.Tensor:
    """What the heads of each row gather (B, heads W).

    ``joined`` (B, (heads + 2 H) W): the queries, keys and values of the tokens, which ``turn``, the cosines and sines
    (B, W) of their positions, rotates. Key and value go into ``keys`` and ``values`` (B, H, S, W) at ``place`` (1,).
    ``seen`` (B, 1, 1, S) is 0 where a row may look and -inf elsewhere.
    """
    batch, kv_heads, _, width = keys.shape
    query, key, value = joined.view(batch, -1, width).split(
        (joined.shape[1] // width - 2 * kv_heads, kv_heads, kv_heads), 1
    )
    keys.index_copy_(2, place, _turned(key, *turn)[:, :, None])
    values.index_copy_(2, place, value[:, :, None])
    # the heads that share a key are queries of one attention: no key is repeated in memory
    query = _turned(query, *turn).view(batch, kv_heads, -1, width)
    return F.scaled_dot_product_attention(query, keys, values, attn_mask=seen).reshape(batch, -1)


def _turned(x: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor) -> torch.Tensor:
    """Rotary positions: x (B, H, W), its two halves as pairs of coordinates."""
    first, second = x.chunk(2, -1)
    return x * cosines[:, None] + torch.cat([-second, first], -1) * sines[:, None]
