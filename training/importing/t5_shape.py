"""The T5 that OpenMotionLab's MotionGPT is: flan-t5-base with motion tokens (papers.md 3b)."""

from __future__ import annotations

from dataclasses import dataclass

TIED = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
"""T5 keeps its input embedding, ``shared.weight``, under these names too"""


@dataclass(frozen=True)
class T5Shape:
    """The numbers of flan-t5-base."""

    width: int = 768
    inner: int = 2048
    """of the gated feed-forward layers"""
    layers: int = 12
    """of the encoder, and of the decoder"""
    heads: int = 12
    head_width: int = 64
    buckets: int = 32
    """of relative positions"""
    text: int = 32100
    """words of its tokenizer; the motion tokens follow"""
    codes: int = 512
    specials: int = 3
    """motion tokens after the codes: start, end, mask"""

    @property
    def size(self) -> int:
        """Of the vocabulary. The published file has a row a token, fewer than flan-t5-base, which is padded."""
        return self.text + self.codes + self.specials

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes; matrices lie (out, in)."""
        inside = self.heads * self.head_width
        attention = dict.fromkeys("qkv", (inside, self.width)) | {"o": (self.width, inside)}
        gated = {"wi_0": (self.inner, self.width), "wi_1": (self.inner, self.width), "wo": (self.width, self.inner)}
        blocks = {
            "encoder": ({"SelfAttention": attention}, {"DenseReluDense": gated}),
            "decoder": ({"SelfAttention": attention}, {"EncDecAttention": attention}, {"DenseReluDense": gated}),
        }
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(
            ("shared.weight", *TIED, "lm_head.weight"), (self.size, self.width)
        )
        for half, parts in blocks.items():
            bias = f"{half}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
            shapes |= {bias: (self.buckets, self.heads), f"{half}.final_layer_norm.weight": (self.width,)}
            for block in range(self.layers):
                for i, part in enumerate(parts):
                    where = f"{half}.block.{block}.layer.{i}"
                    shapes[f"{where}.layer_norm.weight"] = (self.width,)
                    for layer, matrices in part.items():
                        shapes |= {f"{where}.{layer}.{name}.weight": shape for name, shape in matrices.items()}
        return shapes

    def config(self) -> dict:
        """As transformers reads it."""
        return {
            "architectures": ["T5ForConditionalGeneration"],
            "model_type": "t5",
            "vocab_size": self.size,
            "d_model": self.width,
            "d_ff": self.inner,
            "d_kv": self.head_width,
            "num_layers": self.layers,
            "num_decoder_layers": self.layers,
            "num_heads": self.heads,
            "relative_attention_num_buckets": self.buckets,
            "relative_attention_max_distance": 128,
            "feed_forward_proj": "gated-gelu",
            "layer_norm_epsilon": 1e-6,
            "dropout_rate": 0.1,
            "tie_word_embeddings": False,
            "is_encoder_decoder": True,
            "pad_token_id": 0,
            "eos_token_id": 1,
            "decoder_start_token_id": 0,
        }


FLAN_T5_BASE = T5Shape()
