"""From a wish to the model's answers."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ..protocol import DescribeRequest, GenerateRequest, RequestError
from .grammars import Grammar
from .model import Model
from .prompts import Fields
from .sampling import SamplingConfig, answers
from .wish import Wish

ROOM = 4.0
"""seconds of motion that are not given up for a longer text, where the model chooses the length"""


def sampling_of(model: Model, request: GenerateRequest | DescribeRequest) -> SamplingConfig:
    """The bundle's sampling, with what the request wants otherwise."""
    wanted = {name: getattr(request, name) for name in ("temperature", "top_k", "top_p")}
    return replace(model.sampling, **{name: value for name, value in wanted.items() if value is not None})


def guided(model: Model, config: SamplingConfig, guidance: float | None) -> tuple[SamplingConfig, list[str]]:
    """The sampling with the guidance that is wanted, and a warning where the model was not trained for any."""
    if guidance is None:
        return config, []
    if model.sampling.guidance == 1.0 and guidance != 1.0:
        return config, ["the bundle was not trained to be guided: guidance was left out"]
    return replace(config, guidance=guidance), []


def shortened(model: Model, wish: Wish, grammar: Callable[[Wish], Grammar]) -> tuple[Wish, list[str]]:
    """The wish; where the model may choose the length, only as long an answer as there is room for beside the text, and
    a warning. A text that would leave less than ``ROOM`` is cut instead, by ``fitted``."""
    low, high = wish.lengths

    def longest(fields: Fields) -> int:
        room = model.engine.longest + 1 - len(model.prompts.prompt(wish.task, fields, model.speech))
        lengths = range(low, high + 1)
        return low - 1 + bisect_right(lengths, room, key=lambda n: grammar(replace(wish, lengths=(low, n))).most)

    beside = high if low == high else longest(wish.fields)
    if beside >= high:
        return wish, []
    least = min(math.ceil(ROOM * model.rate), longest(replace(wish.fields, caption="")))
    codes = max(low, beside, least)
    warning = f"beside the prompt there is room for a motion of {codes / model.rate:.3g} seconds at most"
    return replace(wish, lengths=(low, codes)), [warning]


def fitted(model: Model, task: str, fields: Fields, most: int) -> tuple[Fields, list[str]]:
    """The fields with a caption that leaves room for an answer of ``most`` tokens, and a warning where its end was cut.
    RequestError where there is no room even without it."""

    def tokens(caption: str) -> int:
        return len(model.prompts.prompt(task, replace(fields, caption=caption), model.speech)) + most - 1

    longest = model.engine.longest
    caption = " ".join(fields.caption.split())
    if tokens(caption) <= longest:
        return fields, []
    joint, what = (" ", "words") if " " in caption else ("", "characters")
    pieces = caption.split(joint) if joint else list(caption)
    kept = bisect_right(range(len(pieces) + 1), longest, key=lambda n: tokens(joint.join(pieces[:n]))) - 1
    if kept < 0:
        raise RequestError(
            "too_long",
            f"what is asked for takes {tokens('')} tokens without its text, the model reads {longest}",
            "Ask for a shorter motion.",
        )
    warning = f"the prompt is long: its last {len(pieces) - kept} of {len(pieces)} {what} were cut"
    return replace(fields, caption=joint.join(pieces[:kept])), [warning]


def drawn(
    model: Model,
    task: str,
    fields: Fields,
    grammar: Grammar,
    rngs: Sequence[np.random.Generator],
    config: SamplingConfig,
    tick: Callable[[float], None],
) -> list:
    """An answer a generator."""
    prompt = model.prompts.prompt(task, fields, model.speech)
    silent = None
    if fields.caption.strip():
        silent = [model.prompts.prompt(task, replace(fields, caption=""), model.speech)] * len(rngs)
    return answers(model.engine, [prompt] * len(rngs), grammar, rngs, config, tick, silent)
