"""Our own byte-level BPE for prompts, trained on the captions. Its ids come first in the vocabulary; the specials are
<pad> 0, <bos> 1, <eos> 2, <motion> 3, </motion> 4. Any text at all can be encoded: unseen words fall apart into bytes.
"""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SPECIALS = ("<pad>", "<bos>", "<eos>", "<motion>", "</motion>")
PAD, BOS, EOS, MOTION, END_MOTION = range(len(SPECIALS))
SMALLEST = len(SPECIALS) + 256


def train(texts: Iterable[str], size: int = 1024) -> Tokenizer:
    """Learn at most ``size`` tokens (specials and the 256 bytes included) from texts that are normalised already."""
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
