"""The papers' recipes: their plans have the papers' numbers, and a tiny base goes the whole way."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from backend.motion.features import humanml263  # noqa: E402
from backend.systems import prompts  # noqa: E402
from tests import tiny_base, tiny_bundle, tiny_text  # noqa: E402
from tests.training.data.made_source import motion  # noqa: E402
from training.data import build  # noqa: E402
from training.data.caption_lines import CaptionLine  # noqa: E402
from training.data.sources.take import Item, Rows, Take, Terms  # noqa: E402
from training.exporting import language_run  # noqa: E402
from training.language import items  # noqa: E402
from training.recipes import motiongpt2_llama31, motiongpt2_t5, motiongpt_llama, paper_setup  # noqa: E402


@dataclass(frozen=True)
class Published:
    """A few clips as HumanML3D has them: rows, captions of all or of a part, splits."""

    folder: Path
    name: str = "made"
    together: int = 64
    terms = Terms("Made motions", "nowhere", "CC0")

    def items(self) -> Iterator[Item]:
        yield from (Item(name, (self.folder,)) for name in ("train0", "train1", "val0"))

    def beside(self) -> list[Path]:
        return []

    def read(self, item: Item) -> Iterator[Take]:
        rows = humanml263.encode(motion(90 + 4 * int(item.id[-1]), 20))
        captions = (CaptionLine("a person sways"), CaptionLine("a person walks", start=1.0, end=3.5))
        yield Take(
            item.id, self.name, "s1", "sway", rows=Rows("humanml263", rows), captions=captions, split=item.id[:-1]
        )


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A data set and a tokenizer."""
    folder = tmp_path_factory.mktemp("given")
    build.build(folder / "set", [Published(folder)], form="humanml263")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        tiny_bundle.tokenizer_run(folder / "tokenizer", codec="humanml263")
    return folder


def base(folder, kind):
    """A tiny one that reads the papers' long prompts."""
    tiny_base.write(folder, kind, [*tiny_text.SENTENCES, *(prompts.load("alpaca").frame.split() * 3)])
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 2048}))
    return folder


def run(setup, given, folder, kind, *more):
    told = {"--set": given / "set", "--tokenizer": given / "tokenizer", "--runs": folder, "--steps": 1}
    told["--base"] = base(folder / "base", kind)
    few = [replace(stage, samples=2, config=replace(stage.config, tokens=1024)) for stage in setup.stages]
    setup = replace(setup, stages=few)
    with torch.random.fork_rng(devices=[]):
        return paper_setup.main(setup, "", [str(part) for pair in told.items() for part in pair] + list(more))


@pytest.mark.parametrize(
    "recipe, arguments, says",
    [
        (motiongpt_llama, [], ["586 steps of 256 samples", "trained   52,428,800", "LoRA rank 64 on q_proj,v_proj"]),
        (
            motiongpt_llama,
            ["--base", "huggyllama/llama-7b"],
            ["trained   33,554,432", "0.003 constant after 100 steps"],
        ),
        (motiongpt2_llama31, [], ["73100 steps of 32 samples", "trained   88,137,728", "rate      0.0001 cosine"]),
        (motiongpt2_t5, [], ["google-t5/t5-base, 0.22 billion", "(100.00 %): all weights"]),
    ],
)
def test_the_plan_has_the_numbers_of_the_paper(recipe, arguments, says, capsys):
    assert paper_setup.main(recipe.SETUP, "", ["--dry-run", *arguments]) == 0
    told = capsys.readouterr().out
    assert all(text in told for text in says)


@pytest.mark.parametrize("processes", [1, 4])
def test_the_plan_and_the_settings_have_the_papers_batch(processes, capsys):
    typed = ["--dry-run", "--distributed", "fsdp", "--processes", str(processes)]
    assert paper_setup.main(motiongpt2_llama31.SETUP, "", typed) == 0
    assert f"of 32 samples ({32 // processes} a process, at most 2048 tokens at a time)" in capsys.readouterr().out
    args = paper_setup._parsed(motiongpt2_llama31.SETUP, "", typed)
    config = motiongpt2_llama31.STAGES[0].settings(args, 1000)
    assert (config.samples, config.accumulation) == (32, 1)
    with pytest.raises(SystemExit):
        paper_setup.main(motiongpt2_llama31.SETUP, "", [*typed[:-1], "5"])
    assert "cannot be shared by 5 processes" in capsys.readouterr().err


def test_motiongpt(given, tmp_path, capsys):
    assert run(motiongpt_llama.SETUP, given, tmp_path, "llama") == 0
    left = language_run.read(tmp_path / "motiongpt")
    assert (left.prompts.name, left.vocabulary.added) == ("alpaca_digits", 0)
    assert {name.split(".")[-3] for name in left.weights} == {"q_proj", "v_proj"}
    whole, part = items.read(tmp_path / "items_train.jsonl")[:2]
    assert (whole.captions, len(whole.variants[0])) == (["a person sways"], 22)
    assert (part.captions, len(part.variants[0])) == (["a person walks"], 12) and part.variants[0].keys is None
    command = capsys.readouterr().out.splitlines()[-1]
    assert command.startswith("python -m training export --tokenizer") and str(tmp_path / "motiongpt") in command
    written = (tmp_path / "motiongpt" / "weights.safetensors").stat().st_mtime_ns
    assert run(motiongpt_llama.SETUP, given, tmp_path, "llama") == 0
    assert (tmp_path / "motiongpt" / "weights.safetensors").stat().st_mtime_ns == written  # what is there is kept


def test_motiongpt2_on_a_decoder(given, tmp_path):
    assert run(motiongpt2_llama31.SETUP, given, tmp_path, "llama") == 0
    left = language_run.read(tmp_path / "instruct")
    assert left.prompts.name == "alpaca_20" and left.vocabulary.streams == (("motion", tiny_bundle.CODES),)
    assert {"text_to_motion", "describe", "predict", "fill"} < set(left.tasks)
    keys = items.read(tmp_path / "items_train.jsonl")[0].variants[0].keys
    assert keys[0] >= 0 and keys[-1] >= 0 and (keys >= 0).sum() <= 4


def test_motiongpt2_on_an_encoder_decoder(given, tmp_path):
    assert run(motiongpt2_t5.SETUP, given, tmp_path, "t5") == 0
    left = language_run.read(tmp_path / "instruct")
    assert "shared.weight" in left.weights and left.config["lora"] is None


def test_a_wrong_input_is_told(given, tmp_path, capsys):
    assert run(motiongpt2_llama31.SETUP, given, tmp_path, "llama", "--base", str(tmp_path / "nowhere")) == 2
    assert "there is no folder" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        paper_setup.main(motiongpt_llama.SETUP, "", [])


def test_both_rates_ask_in_the_same_words():
    first, second = (prompts.load(name) for name in ("alpaca", "alpaca_20"))
    assert (first.tasks, first.frame, first.marks) == (second.tasks, second.frame, second.marks)
    assert (first.fps, second.fps) == (30, 20)
    assert np.isclose(first.fps / second.fps, 1.5)
