"""Whether the parts of a bundle fit together: what every engine asks before it builds a network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..bundles.bundle import MANIFEST, BundleError, named, shown
from ..models.config import LanguageModelConfig, VQVAEConfig
from ..motion.features.normalisation import Normalisation, expect
from ..systems.prompts import SPECIALS
from .files import MOTION_TOKENIZER, TEXT_TOKENIZER


def configs(bundle) -> tuple[LanguageModelConfig, VQVAEConfig]:
    """The shapes of the language model and the motion tokenizer of a ``Bundle``. BundleError names the field of
    ``bundle.json`` that does not fit."""
    language = config_of(bundle, "language_model", LanguageModelConfig)
    motion = config_of(bundle, "motion_tokenizer", VQVAEConfig)
    if language.codes != motion.codes:
        raise BundleError(
            f"{named(bundle.path, MANIFEST)}: 'codes' is {language.codes} in config.language_model and {motion.codes} "
            "in config.motion_tokenizer; the networks were not made for each other"
        )
    return language, motion


def check_text_tokens(bundle, ids: Mapping[str, int], language: LanguageModelConfig) -> None:
    """BundleError when the text tokenizer was not made for the language model: another number of tokens, or the control
    tokens elsewhere, or simply another file. Its words would be read as other words, or as motion."""
    where = named(bundle.path, TEXT_TOKENIZER)
    if len(ids) != language.text_size:
        raise BundleError(
            f"{where} has {len(ids)} tokens, the language model was made for {language.text_size} "
            f"('text_size' in {MANIFEST})"
        )
    for number, token in enumerate(SPECIALS):
        if ids.get(token) != number:
            raise BundleError(
                f"{where} has {token} at {shown(ids.get(token))}, the language model reads it at {number}"
            )
    trained_with, found = bundle.config.get("text_tokenizer"), bundle.files[TEXT_TOKENIZER].sha256
    if trained_with != {"sha256": found}:
        raise BundleError(
            f"{where} has the sha256 {found[:8]}, the language model was trained with another: {MANIFEST} has "
            f"{shown(trained_with)} under config.text_tokenizer"
        )


def check_normalisation(bundle, mean: np.ndarray, std: np.ndarray) -> None:
    """BundleError when mean and std (D,) are not those that the manifest was written for."""
    try:
        expect(Normalisation(MOTION_TOKENIZER, mean, std), bundle.features.get("fingerprint"))
    except ValueError as error:
        raise BundleError(
            f"{named(bundle.path, MOTION_TOKENIZER)}: 'mean' and 'std' are not what {MANIFEST} was written for: {error}"
        ) from error


def config_of(bundle, name: str, kind: type):
    """What ``bundle.json`` has under ``config`` and ``name``, as ``kind.from_dict`` reads it; BundleError names the
    field that does not fit."""
    if name not in bundle.config:
        raise BundleError(f"{named(bundle.path, MANIFEST)}: 'config' lacks {name!r}")
    try:
        return kind.from_dict(bundle.config[name])
    except ValueError as error:
        raise BundleError(f"{named(bundle.path, MANIFEST)}: config.{name}: {error}") from error
