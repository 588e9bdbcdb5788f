"""Whether the parts of a bundle fit together: what every engine asks before it builds a network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..bundles.bundle import MANIFEST, BundleError, named, shown
from ..models.config import LanguageModelConfig, VQVAEConfig, tokenizer_config
from ..motion.features.normalisation import Normalisation, expect
from ..systems.vocabulary import SPECIALS, TextTokens, Vocabulary
from .files import MOTION_TOKENIZER, TEXT_TOKENIZER


def configs(bundle) -> tuple[Vocabulary, VQVAEConfig, LanguageModelConfig | None]:
    """The vocabulary, the motion tokenizer's shape (either kind's) and the language model's, None where that is on a
    base of others. BundleError names the field of ``bundle.json`` that does not fit."""
    vocabulary = config_of(bundle, "vocabulary", Vocabulary)
    motion = _config(bundle, "motion_tokenizer", tokenizer_config)
    wanted = tuple((stream, motion.codes) for stream in motion.streams)
    digits = not vocabulary.streams and len(wanted) == 1  # its codes are written in digits
    if vocabulary.streams != wanted and not digits:
        has, needs = _listed(vocabulary.streams), _listed(wanted)
        raise _apart(bundle, "the streams are", has, "config.vocabulary", needs, "motion_tokenizer")
    if "base_model" in bundle.config:
        return vocabulary, motion, None
    language = config_of(bundle, "language_model", LanguageModelConfig)
    for field in ("text_size", "added"):
        has, needs = getattr(language, field), getattr(vocabulary, field)
        if has != needs:
            raise _apart(bundle, f"{field!r} is", str(needs), "config.vocabulary", str(has), "language_model")
    return vocabulary, motion, language


def _listed(streams: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} of {codes} codes" for name, codes in streams) or "none"


def _apart(bundle, what: str, one: str, where: str, other: str, there: str) -> BundleError:
    return BundleError(
        f"{named(bundle.path, MANIFEST)}: {what} {one} in {where} and {other} in config.{there}; "
        "they were not made for each other"
    )


def check_text_tokens(bundle, ids: Mapping[str, int], vocabulary: Vocabulary) -> TextTokens:
    """The control tokens of a text tokenizer of ours. BundleError when it was not made for the language model: another
    number of tokens, or the control tokens elsewhere, or simply another file. Its words would be read as other words,
    or as motion."""
    where = named(bundle.path, TEXT_TOKENIZER)
    if len(ids) != vocabulary.text_size:
        raise BundleError(
            f"{where} has {len(ids)} tokens, the language model was made for {vocabulary.text_size} "
            f"('text_size' in {MANIFEST})"
        )
    for number, token in enumerate(SPECIALS):
        if ids.get(token) != number:
            raise BundleError(
                f"{where} has {token} at {shown(ids.get(token))}, the language model reads it at {number}"
            )
    return text_tokens(bundle, where, bundle.files[TEXT_TOKENIZER].sha256, vocabulary)


def text_tokens(bundle, where: str, sha256: str, vocabulary: Vocabulary) -> TextTokens:
    """The control tokens under config.text_tokenizer; BundleError when the language model was trained with another text
    tokenizer than the one ``where``, which has this ``sha256``."""
    given = bundle.config.get("text_tokenizer")
    if not isinstance(given, dict) or set(given) != {"sha256", "bos", "eos", "pad"}:
        raise BundleError(
            f"{named(bundle.path, MANIFEST)}: config.text_tokenizer must have sha256, bos, eos and pad, found "
            f"{shown(given)}"
        )
    # "": of a base that others trained on, whose files are not known
    if given["sha256"] not in ("", sha256):
        raise BundleError(
            f"{where} has the sha256 {sha256[:8]}, the language model was trained with another: {MANIFEST} has "
            f"{shown(given['sha256'])} under config.text_tokenizer"
        )
    for name in ("bos", "eos", "pad"):
        number = given[name]
        nothing = number is None and name == "bos"
        if not nothing and (type(number) is not int or not 0 <= number < vocabulary.text_size):
            raise BundleError(
                f"{named(bundle.path, MANIFEST)}: {name!r} of config.text_tokenizer must be one of the "
                f"{vocabulary.text_size} text tokens, got {shown(number)}"
            )
    return TextTokens(given["bos"], given["eos"], given["pad"])


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
    return _config(bundle, name, kind.from_dict)


def _config(bundle, name: str, read: Callable[[dict], Any]):
    if name not in bundle.config:
        raise BundleError(f"{named(bundle.path, MANIFEST)}: 'config' lacks {name!r}")
    try:
        return read(bundle.config[name])
    except ValueError as error:
        raise BundleError(f"{named(bundle.path, MANIFEST)}: config.{name}: {error}") from error
