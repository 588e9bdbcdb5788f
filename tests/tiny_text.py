"""A byte-level text tokenizer that knows a few words, for networks that know nothing."""

from collections.abc import Iterable, Sequence

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SENTENCES = [
    f"a person {verb} {way}" for verb in ("walks", "runs", "jumps", "waves", "turns") for way in ("forward", "left")
]


def train(
    texts: Iterable[str] = SENTENCES, specials: Sequence[str] = ("<pad>", "<bos>", "<eos>"), prefix_space: bool = True
) -> Tokenizer:
    """``specials`` have the first ids, then come the bytes, then at most 40 pieces of words."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=len(specials) + 256 + 40,
        special_tokens=list(specials),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
