"""What the stages have in common: items, words and a network become a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from backend.models.config import LanguageModelConfig
from backend.motion.formats.text import write_bytes
from backend.systems import prompts
from backend.systems.prompts import Prompts
from backend.systems.vocabulary import MAX_CODES
from training.bounds import check

from . import hugging_face, lengths, sameness, samples, validation, whole
from .config import LanguageTraining
from .counted import Counted
from .examples import Examples, Mixture, Sampler
from .items import Item
from .learner import Learner, on_base, small
from .lora import LoRA
from .room import in_memory
from .trainer import LanguageTrainer

WHOLE = "whole"
WHOLE_TEXT_LEFT_OUT = (
    "an encoder-decoder reads the prompt and writes the answer: it learns the answer alone, 'mixture.whole_text' or not"
)


@dataclass
class Stage(LanguageTraining):
    """A run on captioned codes."""

    model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    """our own small network, where there is no base; text_size: the most tokens that its text tokenizer may learn"""
    base: str | None = None
    """a model of the Hugging Face hub by its id, or a folder of one"""
    revision: str = ""
    lora: LoRA | None = field(default_factory=LoRA)
    """on a base; None trains all its weights"""
    save_whole: bool = False
    """on a base: in the end write ``whole``, the base with all that was learnt in it, beside what was trained"""
    prompts: str = "compact"
    streams: dict[str, int] = field(default_factory=lambda: {"motion": 1024})
    """the motion tokenizer's streams and how many codes each has"""
    mixture: Mixture = field(default_factory=Mixture)

    def __post_init__(self):
        super().__post_init__()
        for stream, codes in self.streams.items():
            check(f"streams.{stream}", codes, 1)


def train(
    config: Stage,
    items: Sequence[Item],
    out: Path,
    val: Sequence[Item] = (),
    texts: Sequence[str] = (),
    start: Path | None = None,
) -> bool:
    """Train in the folder ``out``, or go on there; ``val`` chooses the best weights, ``texts`` feeds the share of plain
    text, ``start`` is a run whose words and weights are taken over. Returns whether the budget is used: a run that was
    asked to end has some left. ValueError or OSError where the parts do not fit together."""
    out = Path(out)
    with in_memory(config, out):
        return _train(config, items, out, val, texts, start)


def _train(
    config: Stage, items: Sequence[Item], out: Path, val: Sequence[Item], texts: Sequence[str], start: Path | None
) -> bool:
    asked = prompts.load(config.prompts)
    for some in (items, val):
        _check(config, asked, some)
    torch.manual_seed(config.seed)
    learner = on_base(config, asked) if config.base else small(config, asked, items, texts, out, start)
    if start is not None:
        learner.take(start, asked)
    if learner.network.two_sided and config.mixture.whole_text:
        _tell(WHOLE_TEXT_LEFT_OUT)
        config = replace(config, mixture=replace(config.mixture, whole_text=False))
    examples = Examples(asked, learner.speech, config.mixture, learner.network.longest)
    lengths.check(examples, items)

    def sampler(place: tuple, rank: int, world: int) -> Sampler:
        arguments = (items, examples, config.tokens, config.seed, place, rank, world, texts)
        return Counted(config.samples, *arguments) if config.samples else Sampler(*arguments)

    measures = _measures(config, asked, learner, val) if val else {}
    about = {
        "vocabulary": learner.speech.vocabulary.to_dict(), "prompts": asked.to_config(),
        "tasks": list(config.mixture.tasks), "items": sameness.fingerprint(items),
        "texts": sameness.fingerprint(texts),
    }  # fmt: skip
    trainer = LanguageTrainer(config, learner.network, sampler, out, about=about, **measures)
    if trainer.accelerator.is_main_process:  # only now: a run of another kind in the folder was refused
        for name, data in {prompts.FILE: asked.source, **learner.files}.items():
            write_bytes(out / name, data)
    finished = trainer.train()
    if finished and config.base and config.save_whole and trainer.accelerator.is_main_process:
        whole.write(out, hugging_face.folder_of(config.base, config.revision), out / WHOLE)
    return finished


def _measures(config: Stage, asked: Prompts, learner: Learner, val: Sequence[Item]) -> dict:
    """The losses on ``val``, and what is answered to the first items of it."""
    examples = Examples(asked, learner.speech, validation.calm(config.mixture), learner.network.longest)
    held_out, pad = validation.held_out(val, examples), learner.speech.text.pad
    shown = samples.shown(held_out)

    def measure(network: torch.nn.Module) -> dict[str, float]:
        return validation.losses(network, held_out, config.tokens, pad)

    def look(network: torch.nn.Module) -> dict[str, str]:
        return samples.look(network, shown, learner.speech, learner.decode)

    return {"measure": measure, "look": look}


def _check(config: Stage, asked: Prompts, items: Sequence[Item]) -> None:
    """ValueError for tasks that the prompts have not, and items of other codes than the run's."""
    unknown = [task for task in config.mixture.tasks if task not in asked.tasks]
    if unknown:
        raise ValueError(
            f"'mixture.shares' has {', '.join(unknown)}, prompts {asked.name!r} have {', '.join(asked.tasks)}: "
            "take those tasks, or other 'prompts'"
        )
    if not config.mixture.tasks:
        raise ValueError("'mixture.shares' has plain text alone: give one of the prompts' tasks a share too")
    too_long = sum(len(variant) > MAX_CODES for item in items for variant in item.variants)
    if too_long:
        _tell(f"{too_long} motions have more than {MAX_CODES} codes, what is behind is left out")
    for number, item in enumerate(items):
        for variant in item.variants:
            for stream, codes in variant.codes.items():
                if stream not in config.streams or codes.min() < 0 or codes.max() >= config.streams[stream]:
                    raise ValueError(
                        f"item {number} ({item.captions[0]!r}) has codes {codes.min()} to {codes.max()} of stream "
                        f"{stream!r}, 'streams' has {config.streams}: name the motion tokenizer's there"
                    )
            if variant.keys is not None and variant.keys.max() >= min(config.streams.values()):
                raise ValueError(
                    f"item {number} ({item.captions[0]!r}) has the key pose {variant.keys.max()}, 'streams' has "
                    f"{config.streams}"
                )


def _tell(text: str) -> None:
    """Once, however many processes there are; what gathers them is not set up yet."""
    if os.environ.get("RANK", "0") == "0":
        print(text, file=sys.stderr)
