"""A tiny LLaMA in the layout of the published LoRA, written from papers.md 3.3: one matrix for query, key and value,
positions that turn neighbouring numbers of a head, one LoRA pair for query and value."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

EPSILON = 1e-5


@dataclass
class Sizes:
    width: int = 32
    layers: int = 2
    heads: int = 2
    hidden: int = 48
    words: int = 50
    rank: int = 4
    alpha: int = 16


def base(s: Sizes) -> dict[str, torch.Tensor]:
    shapes = {"transformer.wte.weight": (s.words, s.width), "lm_head.weight": (s.words, s.width)}
    for i in range(s.layers):
        shapes |= {
            f"transformer.h.{i}.attn.c_attn.weight": (3 * s.width, s.width),
            f"transformer.h.{i}.attn.c_proj.weight": (s.width, s.width),
            f"transformer.h.{i}.mlp.c_fc1.weight": (s.hidden, s.width),
            f"transformer.h.{i}.mlp.c_fc2.weight": (s.hidden, s.width),
            f"transformer.h.{i}.mlp.c_proj.weight": (s.width, s.hidden),
        }
    scales = ["transformer.ln_f.scale"] + [f"transformer.h.{i}.rms_{k}.scale" for i in range(s.layers) for k in (1, 2)]
    weights = {name: torch.randn(shape) / shape[1] ** 0.5 for name, shape in shapes.items()}
    return weights | {name: 1 + 0.3 * torch.randn(s.width) for name in scales}


def lora(s: Sizes) -> dict[str, torch.Tensor]:
    """With the projections that no forward pass uses."""
    found = {"llama_proj.weight": torch.randn(s.width, 512), "llama_proj.bias": torch.randn(s.width)}
    found |= {"motion_proj.weight": torch.randn(512, s.width), "motion_proj.bias": torch.randn(512)}
    for i in range(s.layers):
        where = f"transformer.h.{i}.attn.c_attn"
        found[f"{where}.lora_A"] = torch.randn(2 * s.rank, s.width) / s.width**0.5
        found[f"{where}.lora_B"] = torch.randn(2 * s.width, s.rank) / s.rank**0.5
    return found


def logits(s: Sizes, weights: dict, lora: dict, words: torch.Tensor) -> torch.Tensor:
    """(B, T) words -> (B, T, words)."""
    x = weights["transformer.wte.weight"][words]
    for i in range(s.layers):
        w = {k.removeprefix(f"transformer.h.{i}."): v for k, v in (weights | lora).items() if f".h.{i}." in k}
        x = x + attention(s, w, rms(x, w["rms_1.scale"]))
        y = rms(x, w["rms_2.scale"])
        x = x + (F.silu(y @ w["mlp.c_fc1.weight"].T) * (y @ w["mlp.c_fc2.weight"].T)) @ w["mlp.c_proj.weight"].T
    return rms(x, weights["transformer.ln_f.scale"]) @ weights["lm_head.weight"].T


def rms(x, scale):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON) * scale


def attention(s: Sizes, w: dict, x):
    q, k, v = (x @ w["attn.c_attn.weight"].T).chunk(3, dim=-1)
    low = x @ w["attn.c_attn.lora_A"].T  # the query's numbers, then the value's
    high_q = low[..., : s.rank] @ w["attn.c_attn.lora_B"][: s.width].T
    high_v = low[..., s.rank :] @ w["attn.c_attn.lora_B"][s.width :].T
    q, v = q + high_q * s.alpha / s.rank, v + high_v * s.alpha / s.rank
    q, k, v = (each.unflatten(-1, (s.heads, -1)).transpose(1, 2) for each in (q, k, v))
    q, k = turned(q), turned(k)
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    mixed = scores.masked_fill(future, -torch.inf).softmax(-1) @ v
    return mixed.transpose(1, 2).flatten(2) @ w["attn.c_proj.weight"].T


def turned(x):
    """(B, H, T, D): the pair of numbers 2 j and 2 j + 1 turned by t / 10000 ** (2 j / D)."""
    steps, width = x.shape[-2:]
    angle = torch.arange(steps)[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * angle.cos() - odd * angle.sin(), even * angle.sin() + odd * angle.cos()], -1).flatten(-2)


_NAMES = {
    "self_attn.o_proj": "attn.c_proj", "mlp.gate_proj": "mlp.c_fc1", "mlp.up_proj": "mlp.c_fc2",
    "mlp.down_proj": "mlp.c_proj",
}  # fmt: skip


def converted(s: Sizes, weights: dict, rms_norm_eps: float):
    """transformers' LLaMA with the same weights; each head's rows of q and k stand even ones first."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=s.words, hidden_size=s.width, intermediate_size=s.hidden, rms_norm_eps=rms_norm_eps,
        num_hidden_layers=s.layers, num_attention_heads=s.heads, num_key_value_heads=s.heads,
        tie_word_embeddings=False,
    )  # fmt: skip
    head = s.width // s.heads
    order = [h * head + row for h in range(s.heads) for row in (*range(0, head, 2), *range(1, head, 2))]
    state = {
        "model.embed_tokens.weight": weights["transformer.wte.weight"],
        "model.norm.weight": weights["transformer.ln_f.scale"],
        "lm_head.weight": weights["lm_head.weight"],
    }
    for i in range(s.layers):
        ours, theirs = f"model.layers.{i}.", f"transformer.h.{i}."
        q, k, v = weights[f"{theirs}attn.c_attn.weight"].chunk(3)
        for name, matrix in {"q": q[order], "k": k[order], "v": v}.items():
            state[f"{ours}self_attn.{name}_proj.weight"] = matrix
        state |= {f"{ours}{name}.weight": weights[f"{theirs}{other}.weight"] for name, other in _NAMES.items()}
        state[f"{ours}input_layernorm.weight"] = weights[f"{theirs}rms_1.scale"]
        state[f"{ours}post_attention_layernorm.weight"] = weights[f"{theirs}rms_2.scale"]
    model = LlamaForCausalLM(config).eval()
    model.load_state_dict(state)
    return model
