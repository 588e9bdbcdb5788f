"""An early look: what a network answers while it trains, the likeliest token at a time and unconstrained, beside what
would have been right. So it shows what the network has learnt by itself; serving allows legal answers only."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from backend.systems.prompts import Speech

from .examples import IGNORED, Example, batch

LONGEST = 40
"""tokens of an answer that are shown"""


def shown(held_out: Mapping[str, Sequence[Example]]) -> dict[str, Example]:
    """The first sample of each task."""
    return {task: samples[0] for task, samples in held_out.items()}


@torch.no_grad()
def look(
    network: torch.nn.Module, asked: Mapping[str, Example], speech: Speech, decode: Callable[[list[int]], str]
) -> dict[str, str]:
    """Task -> the prompt, the network's answer and the right one."""
    device = next(network.parameters()).device
    prompts = [list(example.ids[: example.border]) for example in asked.values()]
    answers: list[list[int]] = [[] for _ in prompts]
    for _ in range(min(LONGEST, network.longest + 1 - max(map(len, prompts)))):
        rows = [_row(prompt + answer, len(prompt)) for prompt, answer in zip(prompts, answers, strict=True)]
        for answer, token in zip(answers, network(batch(rows, speech.text.pad).to(device)).argmax(-1).tolist()):
            answer.append(token)
    out = {}
    for (task, example), prompt, answer in zip(asked.items(), prompts, answers, strict=True):
        right = example.targets[example.border - 1 :].tolist()
        texts = [written(ids, speech, decode) for ids in (prompt, _ended(answer, right[-1]), right)]
        out[task] = "{} => {} (right: {})".format(*texts)
    return out


def written(ids: Sequence[int], speech: Speech, decode: Callable[[list[int]], str]) -> str:
    """Token ids for a reader: text as text, codes by number, other added tokens by name."""
    words = speech.vocabulary
    first = [words.codes(stream) for stream, _ in words.streams]
    parts = []
    for is_text, group in itertools.groupby(ids, lambda number: number < words.text_size):
        if is_text:
            parts.append(decode(list(group)).strip())
            continue
        for number in group:
            codes = [number - s.start for s in first if s.start <= number < s.stop]
            parts.append(str(codes[0]) if codes else words.token(number))
    return " ".join(part for part in parts if part)


def _row(ids: list[int], border: int) -> Example:
    """One whose last place alone has a target, so that its next token is what the network says."""
    targets = np.full(len(ids), IGNORED, np.int64)
    targets[-1] = 0
    return Example(np.array(ids, np.int64), targets, border)


def _ended(answer: list[int], end: int) -> list[int]:
    """Up to its end, where it has one."""
    return answer[: answer.index(end) + 1] if end in answer else answer
