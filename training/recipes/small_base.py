"""A base of our own: a LLaMA-shaped decoder in an ordinary Hugging Face folder, pretrained on plain text alone.

MotionGPT needs a base that splits numbers into digits, as LLaMA does: its text tokenizer never sees a number while it
is learnt, so each digit stays alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import processors
from transformers import LlamaConfig, LlamaForCausalLM

from backend.engines import base_files, base_model
from backend.engines.files import TEXT_TOKENIZER
from backend.engines.hugging_face.text import SETTINGS, BaseText, control_tokens
from backend.systems.prompts import Prompts, Speech
from backend.systems.vocabulary import OURS, SPECIALS, Vocabulary
from training import checkpoint, text_tokenizer
from training.data.whole_folder import written_whole
from training.exporting.small import half
from training.language import validation
from training.language.config import LanguageTraining
from training.language.examples import Mixture, Sampler
from training.language.hugging_face import OnBase
from training.language.items import Item
from training.language.trainer import BEST, LanguageTrainer

from .plain_text import SHARES, PlainText

CAPTIONS_A_FRAME = 20
"""the prompts' words, which every sample of MotionGPT holds, are short in tokens when its tokenizer reads them often"""


@dataclass
class Pretraining(LanguageTraining):
    """A run of the base."""

    layers: int = 4
    width: int = 256
    heads: int = 4
    feed_forward: int = 640
    positions: int = 640
    """of a prompt and 75 codes of up to four digits and a comma"""
    text_tokens: int = 1024
    """most of them"""
    tokens: int = 2048
    evaluate_minutes: float = 5.0
    mixture: Mixture = field(default_factory=lambda: Mixture(SHARES))


def train(
    config: Pretraining, asked: Prompts, items: Sequence[Item], val: Sequence[Item], work: Path, out: Path
) -> bool:
    """Pretrain in the folder ``work``, or go on there; returns whether the budget is used, and then the base lies in
    the folder ``out``. ``asked``: the prompts that it gets to know."""
    start = work / "start"
    if not start.exists():
        new(config, asked, items, start)
    text, about = BaseText(start), base_model.describe(start)
    speech = Speech(Vocabulary(about.rows), control_tokens(start), text.encode, text.spelled)
    network = OnBase(start, about, 0, None, half=False)
    examples = PlainText(asked, speech, config.mixture, network.longest)
    held_out = validation.held_out(val, examples)

    def sampler(place: tuple, rank: int, world: int) -> Sampler:
        return Sampler(items, examples, config.tokens, config.seed, place, rank, world)

    def measure(network: torch.nn.Module) -> dict[str, float]:
        return validation.losses(network, held_out, config.tokens, speech.text.pad)

    if not LanguageTrainer(config, network, sampler, work, measure).train():
        return False
    _write(start, work / BEST, out)
    return True


def new(config: Pretraining, asked: Prompts, items: Sequence[Item], folder: Path) -> None:
    """Write the base as it is before training: random weights, and a tokenizer of what it will read."""
    captions = [re.sub(r"\d", "", asked.clean(caption)) for item in items for caption in item.captions]
    frames = [asked.frame, *(text for task in asked.tasks for text in asked.instructions(task))]
    words = text_tokenizer.train([*captions, *frames * (1 + len(captions) // CAPTIONS_A_FRAME)], config.text_tokens)
    pad, bos, eos = SPECIALS
    words.post_processor = processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[(bos, OURS.bos)])
    torch.manual_seed(config.seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=words.get_vocab_size(), hidden_size=config.width, intermediate_size=config.feed_forward,
            num_hidden_layers=config.layers, num_attention_heads=config.heads, num_key_value_heads=config.heads,
            max_position_embeddings=config.positions, tie_word_embeddings=True, bos_token_id=OURS.bos,
            eos_token_id=OURS.eos, pad_token_id=OURS.pad,
        )
    )  # fmt: skip
    settings = {"bos_token": bos, "eos_token": eos, "pad_token": pad, "tokenizer_class": "PreTrainedTokenizerFast"}
    with written_whole(folder) as made:
        model.save_pretrained(made)
        words.save(str(made / TEXT_TOKENIZER))
        (made / SETTINGS).write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def _write(start: Path, run: Path, out: Path) -> None:
    """What was trained, in fp16: the base is frozen from here on, so nothing is lost later."""
    with written_whole(out) as made:
        for name in (base_files.CONFIG, TEXT_TOKENIZER, SETTINGS):
            (made / name).write_bytes((start / name).read_bytes())
        save_file(half(load_file(run / checkpoint.WEIGHTS)), made / base_files.WEIGHTS, metadata={"format": "pt"})
