"""Tokens a second of an 8-B decoder, and how near that is to what the memory allows: our decoding beside `generate`.

    .venv/py311/bin/python -m benchmarks.big_decoder [--json FILE]

The weights are random, in the shape of Llama-3.1-8B with one token for every motion code added, made on the GPU in
bfloat16. Without CUDA a model of a few layers runs on the CPU, which shows that the benchmark works and nothing else.

At batch 1 a step reads every weight once and does little else, so no step is faster than those bytes over the memory's
bandwidth, which is measured here by a large copy (bytes read and bytes written). Keys and values are not counted.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from functools import partial
from statistics import median

import numpy as np
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedModel, __version__

from backend.engines.torch_decoding import Decoder
from backend.systems.sampling import SamplingConfig, draw

from .command import run
from .rounds import interleaved, ratios
from .table import Row, ratio_row

CODES, ADDED = 512, 514
"""motion codes, and the tokens added to the text's: the codes, the start and the end of a motion"""
PROMPT, STEPS, BATCHES, ROUNDS = 100, 150, (1, 8), 3
WANTED = 0.7
"""of the memory's bandwidth at batch 1, by the issue that asked for it"""
SAMPLING = SamplingConfig()

LLAMA = LlamaConfig(
    vocab_size=128_256 + ADDED, hidden_size=4096, intermediate_size=14_336, num_hidden_layers=32,
    num_attention_heads=32, num_key_value_heads=8, max_position_embeddings=131_072, rms_norm_eps=1e-5,
    rope_parameters={
        "rope_type": "llama3", "rope_theta": 500_000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    },
)  # fmt: skip
TINY = LlamaConfig(
    vocab_size=2048 + ADDED, hidden_size=256, intermediate_size=896, num_hidden_layers=4, num_attention_heads=8,
    num_key_value_heads=2, max_position_embeddings=1024,
)  # fmt: skip


def build(device: torch.device) -> PreTrainedModel:
    """Random weights made where they will be used, so that nothing but kernels goes to the GPU."""
    torch.manual_seed(0)
    config, dtype = (LLAMA, torch.bfloat16) if device.type == "cuda" else (TINY, torch.float32)
    with device:
        model = AutoModelForCausalLM.from_config(config, dtype=dtype).eval()
    model.generation_config.pad_token_id = 0
    return model


def copy_bandwidth(device: torch.device) -> float:
    """Bytes a second that a copy from memory to memory reads and writes, median of ten."""
    size = 2**32 if device.type == "cuda" else 2**28
    source, target = (torch.empty(size, dtype=torch.uint8, device=device).fill_(3) for _ in range(2))
    seconds = []
    for _ in range(11):
        _wait(device)
        began = time.perf_counter()
        target.copy_(source)
        _wait(device)
        seconds.append(time.perf_counter() - began)
    return 2 * size / median(seconds[1:])


def weights_read(model: PreTrainedModel, rows: int) -> int:
    """Bytes of weights that a step at batch 1 needs: all but the embedding and those rows of the head that are not
    asked for."""
    embedding, head = (matrix.weight for matrix in (model.get_input_embeddings(), model.get_output_embeddings()))
    every = sum(p.numel() * p.element_size() for p in model.parameters())
    return every - (embedding.numel() + head.numel() - rows * head.shape[1]) * head.element_size()


@dataclass
class Answers:
    """Draws answers of STEPS motion codes and keeps the seconds of their parts."""

    decoder: Decoder
    allowed: range
    batch: int
    prompts: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    draws: list[float] = field(default_factory=list)

    def __call__(self) -> np.ndarray:
        rngs = [np.random.default_rng(i) for i in range(self.batch)]
        began = time.perf_counter()
        logits, state = self.decoder.start([_prompt()] * self.batch, self.allowed, STEPS)
        prompt, drawing = time.perf_counter(), 0.0
        for _ in range(STEPS):
            before = time.perf_counter()
            codes = draw(logits, SAMPLING, rngs)
            drawing += time.perf_counter() - before
            logits = self.decoder.step(state, codes + self.allowed.start)
        self.prompts.append(prompt - began)
        self.steps.append(time.perf_counter() - prompt)
        self.draws.append(drawing)
        return logits


def generate(model: PreTrainedModel, batch: int) -> None:
    """The same by transformers' own loop: a cache that grows, kernels one by one, logits of every token."""
    tokens = torch.tensor([_prompt()] * batch, device=model.device)
    model.generate(
        tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=STEPS + 1, min_new_tokens=STEPS + 1,
        do_sample=True, temperature=SAMPLING.temperature, top_k=SAMPLING.top_k,
    )  # fmt: skip
    _wait(model.device)


def measure(device: torch.device) -> list[Row]:
    """Bandwidth, bytes, then for every batch size what is measured beside what the memory allows."""
    bandwidth = copy_bandwidth(device)
    model = build(device)
    first = model.config.vocab_size - ADDED
    allowed = range(first, first + CODES + 1)
    read = weights_read(model, len(allowed))
    rows = [
        Row("memory, read and written by a copy", bandwidth / 1e9, "GB/s"),
        Row("weights read a step", read / 1e9, "GB", note=f"with {len(allowed)} rows of the head"),
        Row("most tokens a second at batch 1 by that", bandwidth / read, "tokens/s"),
    ]
    decoder = Decoder(model)
    for batch in BATCHES:
        rows += _rows(model, Answers(decoder, allowed, batch), read / bandwidth)
    return rows


def _rows(model: PreTrainedModel, ours: Answers, least: float) -> list[Row]:
    """``least``: seconds of a step that only reads the weights."""
    what = f"batch {ours.batch}"
    began = time.perf_counter()
    ours()
    first = time.perf_counter() - began
    for kept in (ours.prompts, ours.steps, ours.draws):
        kept.clear()
    seconds = interleaved({"ours": ours, "generate": partial(generate, model, ours.batch)}, ROUNDS)
    steps = [answer / STEPS for answer in ours.steps[1:]]  # the first round is not counted here either
    tokens = STEPS * ours.batch
    return [
        Row(f"{what}: the very first answer", first, note="on CUDA: kernels compiled, step captured"),
        Row(f"{what}: prompt of {PROMPT} tokens", median(ours.prompts[1:])),
        Row(f"{what}: a step", median(steps) * 1e3, "ms", note="the codes drawn by numpy"),
        Row(f"{what}: of that, drawing", median(ours.draws[1:]) / STEPS * 1e3, "ms"),
        Row(f"{what}: steps", ours.batch / median(steps), "tokens/s"),
        Row(
            f"{what}: of the memory's bandwidth", least / median(steps), "x",
            WANTED if ours.batch == 1 and model.device.type == "cuda" else None,
        ),
        Row(f"{what}: answers, prompt included", tokens / median(seconds["ours"]), "tokens/s"),
        Row(f"{what}: the same by generate", tokens / median(seconds["generate"]), "tokens/s", note="baseline"),
        ratio_row(f"{what}: generate : ours", ratios(seconds["generate"], seconds["ours"])),
    ]  # fmt: skip


def title(device: torch.device) -> str:
    """What runs where."""
    if device.type == "cuda":
        return (
            f"big decoder: Llama-3.1-8B's shape, bfloat16, {torch.cuda.get_device_name()}, transformers {__version__}"
        )
    return f"big decoder: A TINY MODEL ON THE CPU, which says nothing of a big one, transformers {__version__}"


def _prompt() -> list[int]:
    return np.random.default_rng(0).integers(0, 2048, PROMPT).tolist()


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    where = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    sys.exit(run("big_decoder", __doc__, title(where), partial(measure, where)))
