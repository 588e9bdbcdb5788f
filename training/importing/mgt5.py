"""OpenMotionLab's MotionGPT (``motiongpt_s3_h3d.tar``): its motion tokenizer and its T5 (papers.md 3b).

The folder can be given to ``T5ForConditionalGeneration.from_pretrained``. The text tokenizer is not in the file: it is
flan-t5-base's with ``<motion_id_0>`` … ``<motion_id_514>`` added, and ``import.json`` says where these begin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from . import guarded, manifest, tokenizer
from .imported import Imported, Kind, listed, others

SECTION = "state_dict"
LANGUAGE, TOKENIZER = "lm.language_model.", "vae."
LEFT_OUT = ("metrics.", "_losses.")
MODEL, CONFIG = "model.safetensors", "config.json"
TIED = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
"""T5 keeps its input embedding, ``shared.weight``, under these names too"""
LICENCE = 'Hugging Face calls the weights "cc" without a version, the code is under MIT'


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

    def tokens(self) -> dict:
        """Where the motion tokens lie in the vocabulary, as ``import.json`` has it."""
        start = self.text + self.codes
        return {
            "text_tokenizer": "google/flan-t5-base",
            "first_code": self.text,
            "codes": self.codes,
            "start_of_motion": start,
            "end_of_motion": start + 1,
            "mask": start + 2,
        }


FLAN_T5_BASE = T5Shape()


def convert(found: Mapping, shape: T5Shape = FLAN_T5_BASE) -> Imported:
    """From ``{"state_dict": {"vae.…": tensor, "lm.…": tensor, …}}``; ValueError says what does not fit."""
    if SECTION not in found:
        raise ValueError(f"it has no part {SECTION!r}, as MotionGPT's checkpoints have; it has {listed(found)}")
    values = found[SECTION]
    if not isinstance(values, Mapping):
        raise ValueError(
            f"the part {SECTION!r} is a value of type {type(values).__name__}, wanted is a dict of tensors"
        )
    counts = {prefix: sum(str(name).startswith(prefix) for name in values) for prefix in LEFT_OUT}
    wanted = {name: value for name, value in values.items() if not str(name).startswith(LEFT_OUT)}
    tensors = guarded.tensors(wanted, f"the part {SECTION!r}")
    foreign = [name for name in tensors if not name.startswith((LANGUAGE, TOKENIZER))]
    if foreign:
        raise ValueError(
            f"tensor {foreign[0][:100]!r} does not belong there, names begin with "
            f"{', '.join((LANGUAGE, TOKENIZER, *LEFT_OUT))}"
        )
    ours, config, rows = tokenizer.convert(manifest.under(tensors, TOKENIZER))
    return Imported(
        {tokenizer.FILE: ours, MODEL: _language_model(manifest.under(tensors, LANGUAGE), shape)},
        licence=f"{LICENCE}; {rows.conditions}",
        facts=tokenizer.facts(config, rows) | {"tokens": shape.tokens()},
        documents={CONFIG: shape.config()},
        left_out=(
            *(f"{prefix}* ({count} tensors)" for prefix, count in counts.items() if count),
            *others(found, (SECTION,)),
        ),
    )


def _language_model(tensors: Mapping[str, torch.Tensor], shape: T5Shape) -> dict[str, torch.Tensor]:
    """T5's tensors, the tied ones once."""
    taken = manifest.take(tensors, shape.tensors())
    for name in TIED:
        if not torch.equal(taken.pop(name), taken["shared.weight"]):
            raise ValueError(f"tensor {name!r} differs from 'shared.weight', in T5 they are one")
    return taken


def recognises(found: Mapping) -> bool:
    values = found.get(SECTION)
    return isinstance(values, Mapping) and any(str(name).startswith(LANGUAGE) for name in values)


KIND = Kind(8 * 2**30, (tokenizer.FILE, MODEL, CONFIG), convert, recognises)
