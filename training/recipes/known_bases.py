"""The shapes of the bases that the papers use, so that a plan can be made before any of them is here."""

from __future__ import annotations

from transformers import AutoConfig, LlamaConfig, PretrainedConfig, T5Config

from backend.engines import base_model
from training.language import hugging_face

_LLAMA1 = {"vocab_size": 32000, "rms_norm_eps": 1e-6, "max_position_embeddings": 2048}
_SHAPES = {
    "huggyllama/llama-7b": lambda: LlamaConfig(
        hidden_size=4096, intermediate_size=11008, num_hidden_layers=32, num_attention_heads=32, **_LLAMA1
    ),
    "huggyllama/llama-13b": lambda: LlamaConfig(
        hidden_size=5120, intermediate_size=13824, num_hidden_layers=40, num_attention_heads=40, **_LLAMA1
    ),
    "meta-llama/Llama-3.1-8B": lambda: LlamaConfig(
        vocab_size=128256, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32,
        num_key_value_heads=8, tie_word_embeddings=False,
    ),
    "google-t5/t5-base": lambda: T5Config(
        vocab_size=32128, d_model=768, d_ff=3072, d_kv=64, num_layers=12, num_heads=12
    ),
}  # fmt: skip


def shape(base: str, revision: str = "") -> PretrainedConfig:
    """The config of a base that is here, or of one of the papers'; ValueError says how to get another."""
    if base in _SHAPES and base_model.find(base, revision) is None:
        return _SHAPES[base]()
    return AutoConfig.from_pretrained(hugging_face.folder_of(base, revision), local_files_only=True)
