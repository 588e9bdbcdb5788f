"""Who learns: a network and the words that it reads and writes, our own small one or one on a base."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from tokenizers import Tokenizer

from backend.engines import base_model
from backend.engines.files import TEXT_TOKENIZER
from backend.engines.hugging_face.text import SETTINGS, BaseText, control_tokens
from backend.systems.prompts import Prompts, Speech
from backend.systems.vocabulary import MAX_CODES, OURS, Vocabulary
from training import checkpoint, text_tokenizer
from training.precision import bfloat16

from . import hugging_face
from .hugging_face import OnBase
from .items import Item
from .models import Small

if TYPE_CHECKING:
    from .stage import Stage


@dataclass(frozen=True, eq=False)
class Learner:
    network: Small | OnBase
    speech: Speech
    decode: Callable[[list[int]], str]
    """the text of token ids"""
    files: Mapping[str, bytes]
    """name -> the text tokenizer's files, which the run's folder is to hold"""

    def take(self, run: Path, asked: Prompts) -> None:
        """The weights of another run; ValueError where they are of other words, prompts or another network."""
        tensors, meta = checkpoint.load_weights(run)
        for name, wanted in (
            ("vocabulary", self.speech.vocabulary.to_dict()),
            ("prompts", asked.to_config()),
            ("base", self.network.base),
        ):
            if meta.get(name) != wanted:
                raise ValueError(f"{run} was trained with {name} {meta.get(name)}, this run needs {wanted}")
        try:
            self.network.take(tensors)
        except RuntimeError as error:
            raise ValueError(f"the weights in {run} are of another network ('model' or 'lora'): {error}") from error


def vocabulary(text_size: int, asked: Prompts, config: Stage) -> Vocabulary:
    """What the prompts add to ``text_size`` rows: nothing where codes are written in digits."""
    if asked.spelling == "digits":
        return Vocabulary(text_size)
    lengths = MAX_CODES if asked.lengths == "tokens" else 0
    return Vocabulary(text_size, asked.marks, lengths, tuple(config.streams.items()))


def small(
    config: Stage, asked: Prompts, items: Sequence[Item], texts: Sequence[str], out: Path, start: Path | None
) -> Learner:
    """Our own; its text tokenizer is that of ``start`` or is learnt from all that it will read. ``config.model`` gets
    its numbers of tokens."""
    path = out / TEXT_TOKENIZER
    if not path.exists() and start is not None:
        path = _of_run(start)
    if path.exists():
        tokenizer = Tokenizer.from_file(str(path))
    else:
        wordings = [text for task in config.mixture.tasks for text in asked.instructions(task)]
        read = [*(caption for item in items for caption in item.captions), *wordings, *texts]
        tokenizer = text_tokenizer.train(map(asked.clean, read), config.model.text_size)
    words = vocabulary(tokenizer.get_vocab_size(), asked, config)
    config.model = replace(config.model, text_size=words.text_size, added=words.added)

    def spelled(characters: str) -> list[int]:
        return [tokenizer.token_to_id(character) for character in characters]  # every byte has one

    speech = Speech(words, OURS, partial(text_tokenizer.encode, tokenizer), spelled)
    files = {TEXT_TOKENIZER: path.read_bytes() if path.exists() else tokenizer.to_str(pretty=True).encode()}
    return Learner(Small(config.model), speech, tokenizer.decode, files)


def on_base(config: Stage, asked: Prompts) -> Learner:
    """One on the base that ``config`` names."""
    folder = hugging_face.folder_of(config.base, config.revision)
    about = base_model.describe(folder, "" if Path(config.base).is_dir() else config.base, config.revision)
    text = BaseText(folder)
    words = vocabulary(about.rows, asked, config)
    half = bfloat16(config.precision, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    network = OnBase(folder, about, words.added, config.lora, half)
    files = {name: (folder / name).read_bytes() for name in (TEXT_TOKENIZER, SETTINGS)}
    return Learner(network, Speech(words, control_tokens(folder), text.encode, text.spelled), text.decode, files)


def _of_run(folder: Path) -> Path:
    """The text tokenizer of a run, or of its ``best/``."""
    path = folder / TEXT_TOKENIZER
    return path if path.exists() else folder.parent / TEXT_TOKENIZER
