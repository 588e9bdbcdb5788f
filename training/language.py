"""Stage 2: the motion language model, trained on captioned codes for a budget of minutes (or steps).

    python -m training.language --items train.jsonl --val val.jsonl --out runs/language --minutes 45

One line of a file of items: {"captions": [{"text": ...}, ...], "codes": [..] or [[..], ..], "weight": 1.0}. The run
keeps its last averaged weights in the folder and those of the lowest validation loss in ``best/``.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from backend.models.language_model import LanguageModel, LanguageModelConfig
from training import checkpoint, text_tokenizer
from training.run import Run, RunConfig
from training.sequences import IGNORED, NONE, Dropping, Item, Sampler, Sequences, items

BEST = "best"
TOKENIZER = "tokenizer.json"


@dataclass
class LanguageTraining(RunConfig):
    """A run of stage 2."""

    model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    dropping: Dropping = field(default_factory=Dropping)
    tokens: int = 3072
    """a batch"""
    label_smoothing: float = 0.05
    lr: float = 1e-3
    weight_decay: float = 0.05
    evaluate_minutes: float = 3.0
    patience: int = 0
    """stop after so many measurements without a lower validation loss; 0 uses the whole budget"""

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, d: dict) -> LanguageTraining:
        d = dict(d)
        if "model" in d:
            d["model"] = LanguageModelConfig.from_dict(d["model"])
        if "dropping" in d:
            d["dropping"] = Dropping(**(d["dropping"] | {"replace": tuple(d["dropping"]["replace"])}))
        return cls(**d)


class LanguageRun(Run):
    """Stage 2 on ``train``; ``validation`` chooses the best weights."""

    def __init__(
        self, config: LanguageTraining, items: list[Item], out_dir: Path, validation: list[Item] | None = None
    ):
        super().__init__(config, out_dir)
        self.validation = validation
        saved = checkpoint.load_trainer(self.out)
        self.best, self.misses = float("inf"), 0
        self.start(LanguageModel(config.model), saved)
        place = saved["place"] if saved else (0, 0)
        self.sampler = Sampler(items, Sequences(config.model, config.dropping), config.tokens, config.seed, place)

    def losses(self) -> dict[str, torch.Tensor]:
        inputs, targets = (x.to(self.device) for x in self.sampler.next())
        keep = targets != IGNORED
        with self.autocast():
            logits = self.model.logits(self.model.hidden(inputs)[keep])
        wanted = targets[keep]
        loss = F.cross_entropy(logits.float(), wanted, label_smoothing=self.config.label_smoothing)
        return {"loss": loss, "accuracy": (logits.detach().argmax(-1) == wanted).float().mean()}

    def averaged(self) -> LanguageModel:
        model = LanguageModel(self.config.model).to(self.device)
        model.load_state_dict(self.average.tensors)
        return model.eval()

    def measure(self) -> dict | None:
        if not self.validation:
            return None
        measured = evaluate(self.averaged(), self.validation, self.config.tokens)
        if measured["loss"] < self.best:
            self.best, self.misses = measured["loss"], 0
            tensors, meta = self.weights()
            checkpoint.save_weights(self.out / BEST, tensors, meta | {"validation": measured})
        else:
            self.misses += 1
            self.finished = 0 < self.config.patience <= self.misses
        return measured

    def state(self) -> dict:
        return {"best": self.best, "misses": self.misses, "place": self.sampler.place}

    def restore(self, saved: dict) -> None:
        self.best, self.misses = saved["best"], saved["misses"]

    def weights(self) -> tuple[dict[str, torch.Tensor], dict]:
        tensors = {k: v for k, v in self.average.tensors.items() if k != "gpt.lm_head.weight"}
        return tensors, {"config": self.config.to_dict(), "step": self.step, "minutes": self.elapsed / 60}


def train(config: LanguageTraining, items: list[Item], out_dir: Path, validation: list[Item] | None = None):
    """Train until the budget is used or validation stops falling; returns the averaged model of the last step."""
    run = LanguageRun(config, items, Path(out_dir), validation)
    run.train()
    return run.averaged()


def load(folder: Path) -> LanguageModel:
    """The averaged model of a run's folder (or of its ``best/``)."""
    tensors, meta = checkpoint.load_weights(Path(folder))
    model = LanguageModel(LanguageTraining.from_dict(meta["config"]).model)
    model.load_weights(tensors)
    return model.eval()


@torch.no_grad()
def evaluate(model: LanguageModel, validation: list[Item], tokens: int = 6144) -> dict:
    """Nothing dropped or replaced, length given: mean loss and accuracy an answer token over all pairs of an item's
    first code sequence and each of its texts; ``loss_distinct`` is the mean over distinct texts, ``loss_no_text`` the
    loss without text (what the text is worth)."""
    device = next(model.parameters()).device
    rows = Sequences(model.config, NONE)
    jobs = [(tuple(text), item.codes[0]) for item in validation for text in item.texts]
    total = _pair_losses(model, rows, [(list(t), c) for t, c in jobs], tokens, device)
    silent = _pair_losses(model, rows, [([], item.codes[0]) for item in validation], tokens, device)
    by_text = defaultdict(list)
    for (text, _), (loss, _, count) in zip(jobs, total, strict=True):
        by_text[text].append(loss / count)
    loss, right, count = np.sum(total, 0)
    return {
        "loss": round(float(loss / count), 4),
        "accuracy": round(float(right / count), 4),
        "loss_distinct": round(float(np.mean([np.mean(v) for v in by_text.values()])), 4),
        "distinct_texts": len(by_text),
        "loss_no_text": round(float(np.sum(silent, 0)[0] / np.sum(silent, 0)[2]), 4),
        "pairs": len(jobs),
    }


def _pair_losses(model, rows: Sequences, jobs, tokens: int, device) -> list[tuple[float, float, int]]:
    """Per (text, codes): summed loss, right answers, answer tokens."""
    out, rng = [], np.random.default_rng(0)  # nothing is left to chance, but build asks for it
    size = max(1, tokens // model.config.positions)
    for first in range(0, len(jobs), size):
        built = [rows.build(text, codes, rng) for text, codes in jobs[first : first + size]]
        inputs, targets = (x.to(device) for x in rows.batch(built))
        logits = model(inputs).float()
        losses = F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=IGNORED, reduction="none")
        right = (logits.argmax(-1) == targets).sum(1)
        counts = (targets != IGNORED).sum(1)
        out += list(zip(losses.sum(1).tolist(), right.tolist(), counts.tolist(), strict=True))
    return out


def read_items(path: Path) -> list[dict]:
    with Path(path).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m training.language", description=__doc__)
    parser.add_argument("--items", type=Path, required=True, help="JSON lines of captioned codes")
    parser.add_argument("--val", type=Path, help="the same, to choose the best weights by")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; resumes where one was saved")
    parser.add_argument("--config", type=Path, help="JSON with fields of LanguageTraining")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--text-size", type=int, default=768, help="largest number of text tokens")
    args = parser.parse_args(arguments)
    config = LanguageTraining.from_dict(json.loads(args.config.read_text()) if args.config else {})
    if args.minutes is not None:
        config.minutes = args.minutes
    records = read_items(args.items)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / TOKENIZER
    if not path.exists():
        text_tokenizer.train((c["text"] for r in records for c in r["captions"]), args.text_size).save(str(path))
    tokenizer = Tokenizer.from_file(str(path))
    config.model.text_size = tokenizer.get_vocab_size()
    encode = partial(text_tokenizer.encode, tokenizer)
    validation = items(read_items(args.val), encode) if args.val else None
    train(config, items(records, encode), args.out, validation)


if __name__ == "__main__":
    main()
