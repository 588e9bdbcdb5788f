"""The text tokenizer of a base model: its tokenizer.json as it is, but nothing in a text is ever special."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer

from ...bundles.bundle import BundleError, shown
from ...systems.vocabulary import TextTokens
from ..files import TEXT_TOKENIZER

SETTINGS = "tokenizer_config.json"


class BaseText:
    """``folder``: of the base model. BundleError where its tokenizer.json cannot be used."""

    def __init__(self, folder: Path):
        self._where = folder / TEXT_TOKENIZER
        self._tokenizer = _tokenizer(self._where)
        self._tokenizer.encode_special_tokens = True  # "</s>" in a prompt is text like any other
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.size = self._tokenizer.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, ids: list[int]) -> str:
        """Special tokens have no text; ValueError for ids that are none."""
        if ids and not 0 <= min(ids) <= max(ids) < self.size:
            raise ValueError(f"there are the text tokens 0 to {self.size - 1}, got {min(ids)} to {max(ids)}")
        return self._tokenizer.decode(ids, skip_special_tokens=True)

    def spelled(self, characters: str) -> list[int]:
        """The id of each character as it stands inside a word; BundleError names one that has none."""
        ids = [self._tokenizer.token_to_id(character) for character in characters]
        for character, number in zip(characters, ids):
            if number is None or self.decode([number]) != character:  # a piece of bytes may look like a character
                raise BundleError(
                    f"{self._where} has no token for {character!r} alone; answers in digits need one for each digit "
                    "and the comma: use another base"
                )
        return ids


def control_tokens(folder: Path) -> TextTokens:
    """The control tokens of a base model: those that its tokenizer_config.json names. Texts begin with a token only
    where the tokenizer itself puts it there. BundleError where there is no end."""
    tokenizer = _tokenizer(folder / TEXT_TOKENIZER)
    settings = _settings(folder / SETTINGS)

    def number(name: str) -> int | None:
        token = settings.get(name)
        content = token.get("content") if isinstance(token, dict) else token
        return tokenizer.token_to_id(content) if isinstance(content, str) else None

    bos, eos, pad = (number(f"{name}_token") for name in ("bos", "eos", "pad"))
    if eos is None:
        raise BundleError(f"{folder / SETTINGS} names no 'eos_token' that is a token; answers could not end")
    begins = settings.get("add_bos_token") is True or tokenizer.encode("a").ids[:1] == [bos]
    return TextTokens(bos if begins else None, eos, eos if pad is None else pad)


def _tokenizer(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing more special
        raise BundleError(f"{path} is not a usable text tokenizer: {str(error)[:100]}") from error


def _settings(path: Path) -> dict:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(f"{path} cannot be used: {error}") from error
    if not isinstance(found, dict):
        raise BundleError(f"{path} must hold a JSON object, found {shown(found)}")
    return found
