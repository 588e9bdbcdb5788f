"""The shapes of the networks: what ``bundle.json`` keeps of them, without the library that runs them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import numpy as np

from ..bundles.bundle import shown
from ..motion.features import motionx623


@dataclass
class LanguageModelConfig:
    """The shape of the language model; what ``bundle.json`` keeps under ``language_model``."""

    text_size: int = 768
    """text tokens, the specials among them"""
    added: int = 0
    """tokens behind those; what each stands for is the ``Vocabulary``'s business"""
    layers: int = 5
    width: int = 256
    heads: int = 4
    positions: int = 256
    """longest sequence"""
    residual_dropout: float = 0.15
    embedding_dropout: float = 0.15
    attention_dropout: float = 0.15

    @property
    def size(self) -> int:
        """Of the whole vocabulary."""
        return self.text_size + self.added

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights; matrices lie (in, out), the output layer is the embedding once more."""
        width = self.width
        shapes: dict[str, tuple[int, ...]] = {"wte.weight": (self.size, width), "wpe.weight": (self.positions, width)}
        for i in range(self.layers):
            for norm in ("ln_1", "ln_2"):
                shapes |= {f"h.{i}.{norm}.{part}": (width,) for part in ("weight", "bias")}
            for name, inputs, outputs in (
                ("attn.c_attn", width, 3 * width),
                ("attn.c_proj", width, width),
                ("mlp.c_fc", width, 4 * width),
                ("mlp.c_proj", 4 * width, width),
            ):
                shapes |= {f"h.{i}.{name}.weight": (inputs, outputs), f"h.{i}.{name}.bias": (outputs,)}
        shapes |= {f"ln_f.{part}": (width,) for part in ("weight", "bias")}
        return {f"gpt.transformer.{name}": shape for name, shape in shapes.items()}

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, d: dict) -> LanguageModelConfig:
        """Fields that are absent have their defaults; ValueError names the field that does not fit."""
        config = cls(**checked(cls, d, _LANGUAGE_MODEL))
        if config.width % config.heads:
            raise ValueError(f"'heads' must divide the width {config.width} without a rest, got {config.heads}")
        return config


@dataclass
class VQVAEConfig:
    """The shape of the tokenizer; what ``bundle.json`` keeps under ``motion_tokenizer``."""

    input_width: int = 272
    """features a frame"""
    width: int = 512
    """channels of every hidden layer"""
    code_width: int = 512
    """length of one code vector; small ones (32-64) keep more codes in use"""
    codes: int = 512
    """size of the codebook"""
    dilations: tuple[int, ...] = (9, 3, 1)
    """of the residual blocks in execution order; their number is the depth of each stage"""
    down: int = 2
    """strided stages: one code stands for 2**down frames"""
    unit_codes: bool = False
    """compare encoder outputs and codes by direction only (both scaled to length 1)"""
    decay: float = 0.99
    """of the exponential averages behind the codebook"""
    reset_below: float = 1.0
    """a code whose averaged use a batch falls below this is replaced; 0 switches replacement off"""
    robust_commitment: bool = False
    """far from its code an encoder output is pulled by a constant force instead of the published growing one"""

    def __post_init__(self):
        self.dilations = tuple(int(d) for d in self.dilations)

    @property
    def depth(self) -> int:
        return len(self.dilations)

    @property
    def frames_per_code(self) -> int:
        return 2**self.down

    @property
    def streams(self) -> tuple[str, ...]:
        """What a frame's codes stand for, one code each."""
        return ("motion",)

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights, those of the published files, and ``mean`` and ``std`` of the features;
        convolutions lie (out, in, taps)."""
        width, down = self.width, self.down
        layers = {
            "encoder.model.0": (width, self.input_width, 3),
            f"encoder.model.{2 + down}": (self.code_width, width, 3),
            "decoder.model.0": (width, self.code_width, 3),
            f"decoder.model.{2 + down}": (width, width, 3),
            f"decoder.model.{4 + down}": (self.input_width, width, 3),
        }
        for stage in range(2, 2 + down):
            layers[f"encoder.model.{stage}.0"] = (width, width, 4)
            layers[f"decoder.model.{stage}.2"] = (width, width, 3)
            for residual in (f"encoder.model.{stage}.1", f"decoder.model.{stage}.0"):
                for block in range(self.depth):
                    layers[f"{residual}.model.{block}.conv1"] = (width, width, 3)
                    layers[f"{residual}.model.{block}.conv2"] = (width, width, 1)
        shapes: dict[str, tuple[int, ...]] = {f"{name}.weight": shape for name, shape in layers.items()}
        shapes |= {f"{name}.bias": shape[:1] for name, shape in layers.items()}
        normalisation = dict.fromkeys(("mean", "std"), (self.input_width,))
        return shapes | {"quantizer.codebook": (self.codes, self.code_width)} | normalisation

    def to_dict(self) -> dict:
        return asdict(self) | {"dilations": list(self.dilations)}

    @classmethod
    def from_dict(cls, d: dict) -> VQVAEConfig:
        """Fields that are absent have their defaults; ValueError names the field that does not fit."""
        return cls(**checked(cls, d, _VQVAE))


EVERY, EVEN, ODD = slice(None), slice(0, None, 2), slice(1, None, 2)
FOLLOWING: dict[str, dict[str, slice]] = {
    "vanilla": {},
    "concat": {},
    "body_first": {"hands": EVERY},
    "alternating": {"body": EVEN, "hands": ODD},
    "hand_first": {"body": EVERY},
}
"""Order of the parts -> which codes of a stream are found only after the other stream's, which is fused in before.

"vanilla" has one stream for all; in "concat" the streams meet in the decoder alone; "hand_first" is MotionGPT-2's.
The paper does not say what alternates in "alternating": here it is time, hands first at every other code. (Turns by
training step would need both orders to be learnt and would leave open which one encodes.)
"""


@dataclass
class PartVQVAEConfig(VQVAEConfig):
    """The shape of the part-aware tokenizer on Motion-X-623: body and hands have a codebook each."""

    input_width: int = 623
    order: str = "hand_first"
    """one of ``FOLLOWING``"""

    @property
    def streams(self) -> tuple[str, ...]:
        return ("motion",) if self.order == "vanilla" else ("body", "hands")

    def columns(self) -> dict[str, np.ndarray]:
        """Stream -> which features it encodes; ValueError where rows have another width than Motion-X-623."""
        every = np.arange(self.input_width)
        return dict(zip(self.streams, (every,) if self.order == "vanilla" else motionx623.split(every)))

    def plain(self, input_width: int) -> VQVAEConfig:
        """The ordinary tokenizer of these sizes on so many features; encoders and decoder are its halves."""
        shared = {field.name: getattr(self, field.name) for field in fields(VQVAEConfig)}
        return VQVAEConfig(**shared | {"input_width": input_width})

    def tensors(self) -> dict[str, tuple[int, ...]]:
        whole = self.plain(self.input_width).tensors()
        shapes = {name: shape for name, shape in whole.items() if name.startswith(("decoder.", "mean", "std"))}
        for stream, columns in self.columns().items():
            for name, shape in self.plain(len(columns)).tensors().items():
                half, _, rest = name.partition(".")
                if half in ("encoder", "quantizer"):
                    shapes[f"{half}s.{stream}.{rest}"] = shape
        fused = [f"fusions.{stream}" for stream in FOLLOWING[self.order]]
        for name in fused + (["merge"] if len(self.streams) > 1 else []):
            shapes |= {f"{name}.weight": (self.code_width, 2 * self.code_width, 1), f"{name}.bias": (self.code_width,)}
        return shapes

    @classmethod
    def from_dict(cls, d: dict) -> PartVQVAEConfig:
        config = cls(**checked(cls, d, _VQVAE | {"order": tuple(FOLLOWING)}))
        config.columns()
        return config


def tokenizer_config(d: dict) -> VQVAEConfig:
    """Of either tokenizer, as its ``to_dict`` wrote it: the part-aware one states its order."""
    return (PartVQVAEConfig if isinstance(d, dict) and "order" in d else VQVAEConfig).from_dict(d)


# Smallest and largest value of each number. Wide enough for the published models and far beyond; what a model weighs is
# bounded by its file, these bound what is computed from a config before that: names, caches, intermediate results.
_LANGUAGE_MODEL = {
    "text_size": (1, 2**18),
    "added": (0, 2**18),
    "layers": (1, 128),
    "width": (1, 8192),
    "heads": (1, 128),
    "positions": (1, 2**14),
    "residual_dropout": (0.0, 1.0),
    "embedding_dropout": (0.0, 1.0),
    "attention_dropout": (0.0, 1.0),
}
_VQVAE = {
    "input_width": (1, 8192),
    "width": (1, 8192),
    "code_width": (1, 8192),
    "codes": (1, 2**17),
    "dilations": (1, 1024),
    "down": (0, 6),
    "decay": (0.0, 1.0),
    "reset_below": (0.0, 1e6),
}
_MAX_DEPTH = 16


def checked(cls: type, d: dict, bounds: dict[str, tuple]) -> dict:
    """``d`` when each of its fields is one of the dataclass ``cls``, of its default's type and within ``bounds``;
    ValueError names the one that is not."""
    if not isinstance(d, dict):
        raise ValueError(f"expected a JSON object, found {shown(d)}")
    defaults = {field.name: field.default for field in fields(cls)}
    for name, value in d.items():
        if name not in defaults:
            raise ValueError(f"unknown field {shown(name)}; known are {', '.join(defaults)}")
        values = value if isinstance(defaults[name], tuple) else [value]
        if not isinstance(values, (list, tuple)) or len(values) > _MAX_DEPTH:
            raise ValueError(f"{name!r} must be a list of at most {_MAX_DEPTH} whole numbers, got {shown(value)}")
        for number in values:
            _check(name, number, defaults[name], bounds.get(name))
    return d


def _check(name: str, value, default, bounds: tuple | None) -> None:
    """ValueError unless ``value`` is true or false, a word of ``bounds``, or a number between them, as the default
    is."""
    if bounds is None:
        if not isinstance(value, bool):
            raise ValueError(f"{name!r} must be true or false, got {shown(value)}")
        return
    if isinstance(default, str):
        if value not in bounds:
            raise ValueError(f"{name!r} must be one of {', '.join(bounds)}, got {shown(value)}")
        return
    low, high = bounds
    kinds, what = ((int, float), "a number") if isinstance(default, float) else ((int,), "a whole number")
    if type(value) not in kinds or not low <= value <= high:
        raise ValueError(f"{name!r} must be {what} between {low} and {high}, got {shown(value)}")
