"""A bundle's language model on a base of another house, from the hub's files: decoders and T5."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import nn

from ...bundles.bundle import MANIFEST, BundleError, named
from ...systems.vocabulary import TextTokens, Vocabulary
from .. import base_files, base_model
from ..files import TEXT_TOKENIZER, WHOLE
from ..fitting import text_tokens
from ..memory import room_for
from ..torch_decoding import Decoder
from . import network
from .encoder_decoder import EncoderDecoder
from .text import BaseText


def load(
    bundle, vocabulary: Vocabulary, base: Path | None, dtype: torch.dtype, device: torch.device
) -> tuple[BaseText, TextTokens, Decoder | EncoderDecoder]:
    """The text tokenizer of a ``Bundle``'s base with its control tokens, and the language model ready to decode.

    The base lies in the folder ``base``, or for None in the hub's cache on this machine; a bundle that holds the whole
    trained model needs none. BundleError where the parts do not fit together, OutOfMemory where they are too big.
    """
    wanted = base_model.of_bundle(bundle)
    if wanted.rows != vocabulary.text_size:
        raise BundleError(
            f"{named(bundle.path, MANIFEST)}: the base model has {wanted.rows} tokens and config.vocabulary counts "
            f"{vocabulary.text_size}; they were not made for each other"
        )
    whole = WHOLE in bundle.files
    folder = bundle.path if whole else base_model.located(wanted, base)
    if not whole and not wanted.fingerprint:
        unknown = f"which files of {wanted.id} bundle {bundle.name} was trained on is not known"
        warnings.warn(f"{unknown}; folder {folder} was not compared with them", stacklevel=2)
    text = BaseText(folder)
    tokens = text_tokens(bundle, str(folder / TEXT_TOKENIZER), base_files.tokenizer_digest(folder), vocabulary)
    with room_for(network.count(folder), dtype, device, wanted.title):
        model = network.load(folder, dtype, device, wanted.overrides)
        if not whole:
            model = _with_adapter(model, bundle, vocabulary)
    rows = model.get_input_embeddings().num_embeddings
    if rows != vocabulary.size:
        raise BundleError(f"the model in {folder} has {rows} tokens, config.vocabulary counts {vocabulary.size}")
    return text, tokens, _decoding(model)


def _with_adapter(model: nn.Module, bundle, vocabulary: Vocabulary) -> nn.Module:
    from .adapter import merged

    if vocabulary.added:
        network.grow(model, vocabulary.size)  # the adapter has the rows
    return merged(model, bundle, vocabulary.text_size)


def _decoding(model: nn.Module) -> Decoder | EncoderDecoder:
    model.requires_grad_(False)
    if model.config.is_encoder_decoder:
        return EncoderDecoder(model)
    try:
        return Decoder(model)
    except ValueError as error:
        raise BundleError(f"the base model cannot be decoded with: {error}") from error
