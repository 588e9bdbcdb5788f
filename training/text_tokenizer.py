"""Our own byte-level BPE, trained on the texts that a model will read. Its ids come first in the vocabulary, those of
``SPECIALS`` before all others. Any text at all can be encoded: unseen words fall apart into bytes.
"""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from backend.systems.vocabulary import SPECIALS

SMALLEST = len(SPECIALS) + 256


def train(texts: Iterable[str], size: int = 1024) -> Tokenizer:
    """Learn at most ``size`` tokens (specials and the 256 bytes included) from texts, cleaned as the prompts clean
    captions."""
    if size < SMALLEST:
        raise ValueError(f"a byte-level vocabulary needs at least {SMALLEST} tokens, got {size}")
    tokenizer = Tokenizer(models.BPE())
    # a leading space on every text: the first word then has the tokens it has elsewhere
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=2,
            special_tokens=list(SPECIALS),
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    return tokenizer


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    """The ids of a text in which nothing is special."""
    tokenizer.encode_special_tokens = True
    return tokenizer.encode(text, add_special_tokens=False).ids
