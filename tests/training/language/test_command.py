"""`python -m training language ...` from files to a run."""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("peft")

from backend.engines import base_files, base_model  # noqa: E402
from backend.systems import prompts  # noqa: E402
from backend.systems.vocabulary import Vocabulary  # noqa: E402
from tests import tiny_base, tiny_text  # noqa: E402
from training import checkpoint  # noqa: E402
from training.language import command, items, log  # noqa: E402
from training.language.items import Item, Variant  # noqa: E402

ROOT = Path(__file__).parents[3]
SMALL = {"text_size": 300, "layers": 1, "width": 16, "heads": 2, "positions": 256, "residual_dropout": 0.0,
         "embedding_dropout": 0.0, "attention_dropout": 0.0}  # fmt: skip
SETTINGS = {
    "model": SMALL, "streams": {"motion": 16}, "tokens": 400, "threads": 1, "precision": "fp32", "log_seconds": 1e-3,
    "average": 0.0, "schedule": "constant", "warmup": 0.0, "sample_minutes": 0.0,
}  # fmt: skip


def parsed(*arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(list(map(str, arguments)))


@pytest.fixture
def files(tmp_path):
    """Arguments that name items and settings, and a function that writes other settings."""
    rng = np.random.default_rng(0)
    made = [
        Item([text], [Variant({"motion": rng.integers(0, 16, rng.integers(4, 9))})]) for text in tiny_text.SENTENCES
    ]
    items.write(tmp_path / "items.jsonl", made)

    def settings(**changes) -> Path:
        path = tmp_path / "settings.json"
        path.write_text(json.dumps(SETTINGS | changes), encoding="utf-8")
        return path

    named = ["--items", tmp_path / "items.jsonl", "--val", tmp_path / "items.jsonl", "--config", settings()]
    return argparse.Namespace(named=named, settings=settings, folder=tmp_path)


def run(*arguments) -> int:
    return command.main(parsed(*arguments))


def test_alignment_then_instruction(files, capsys):
    aligned, tuned = files.folder / "aligned", files.folder / "tuned"
    assert run("align", *files.named, "--steps", 2, "--out", aligned) == 0
    assert run("instruct", *files.named, "--steps", 1, "--out", tuned, "--start", aligned) == 0
    for folder, rate in ((aligned, 1e-3), (tuned, 5e-4)):
        _, meta = checkpoint.load_weights(folder)
        words = Vocabulary.from_dict(meta["vocabulary"])
        assert words.streams == (("motion", 16),) and words.size == meta["config"]["model"]["added"] + words.text_size
        assert meta["prompts"] == prompts.from_bytes((folder / prompts.FILE).read_bytes()).to_config()
        assert {"text_to_motion", "describe", "fill"} <= set(meta["tasks"]) and meta["base"] is None
        assert meta["config"]["lr"] == rate
        assert (folder / "tokenizer.json").read_bytes() == (aligned / "tokenizer.json").read_bytes()
        assert "loss_predict" in checkpoint.load_weights(folder / "best")[1]["validation"]
    samples = [json.loads(line).get("samples") for line in (aligned / log.FILE).read_text().splitlines()]
    assert "a person walks forward <motion> => " in next(filter(None, samples))["text_to_motion"]
    assert run("instruct", *files.named, "--steps", 1, "--out", files.folder / "x", "--start", tuned / "best") == 0


def test_motiongpt_on_a_base_with_adapters(files):
    """The published settings: codes in digits add nothing to the base, adapters on queries and values alone."""
    base, out = tiny_base.write(files.folder / "base", "llama", tiny_text.SENTENCES), files.folder / "run"
    config = files.settings(save_whole=True, tokens=2000)
    config.write_text(json.dumps({k: v for k, v in json.loads(config.read_text()).items() if k != "model"}))
    longer = json.loads((base / "config.json").read_text()) | {"max_position_embeddings": 1024}
    (base / "config.json").write_text(json.dumps(longer))
    assert run("motiongpt", *files.named, "--base", base, "--steps", 1, "--out", out) == 0
    tensors, meta = checkpoint.load_weights(out)
    assert Vocabulary.from_dict(meta["vocabulary"]).added == 0
    assert meta["base"] == base_model.describe(base).to_dict()
    assert {name.split(".")[-3] for name in tensors} == {"q_proj", "v_proj"}
    assert base_files.rows(base_files.config(out / "whole")) == meta["base"]["rows"]
    assert (out / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()


def test_an_encoder_decoder_learns_the_answer_alone(files, capsys):
    base, out = tiny_base.write(files.folder / "base", "t5", tiny_text.SENTENCES), files.folder / "run"
    config = files.settings(tokens=2000)
    config.write_text(json.dumps({k: v for k, v in json.loads(config.read_text()).items() if k != "model"}))
    assert run("motiongpt", *files.named, "--base", base, "--steps", 1, "--out", out) == 0
    assert "learns the answer alone" in capsys.readouterr().err
    assert checkpoint.load_weights(out)[1]["config"]["mixture"]["whole_text"] is False


def test_settings_are_an_object(files, capsys):
    (files.folder / "settings.json").write_text("[1]", encoding="utf-8")
    assert run("align", *files.named, "--steps", 1, "--out", files.folder / "run") == 2
    assert "settings.json: settings must be an object with fields of Alignment, got [1]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"speed": 1}, "settings.json: Alignment has no field 'speed'; known: minutes"),
        ({"lr": "fast"}, "settings.json: 'lr' must be float, got 'fast'"),
        ({"lora": {"rank": 0}}, "settings.json: 'lora': 'rank' must be 1 or more, got 0"),
        ({"model": {"heads": 3, "width": 16}}, "settings.json: 'model': 'heads' must divide the width 16"),
        ({"model": {"codes": 3}}, "'model': unknown field 'codes'"),
        ({"mixture": {"shares": {"dance": 1.0}}}, "'mixture.shares' has dance, prompts 'compact' have text_to_motion"),
        ({"mixture": {"shares": {"fill": "much"}}}, "'mixture.shares.fill' must be float"),
        ({"prompts": "none"}, "there are no prompts 'none'; there are alpaca"),
        ({"streams": {"motion": 8}}, "has codes .* of stream 'motion', 'streams' has {'motion': 8}"),
        ({"streams": {"body": 16}}, "of stream 'motion', 'streams' has {'body': 16}"),
        ({"base": "house/none"}, "'base': there is no folder house/none.*hf download house/none"),
        ({"accumulation": 0}, "'accumulation' must be 1 or more"),
        ({"label_smoothing": 2}, "'label_smoothing' must be from 0 to 1, got 2"),
        ({"samples": 4, "accumulation": 2}, "'samples' sets what a step has, 'accumulation' must then be 1"),
        ({"lora": {"alpha": 0}}, "'lora': 'alpha' must be 1 or more"),
        ({"mixture": {"replaced": [0.5, 3]}}, r"'mixture': 'replaced.1.' must be from 0.5 to 1, got 3"),
        ({"mixture": {"drawing": {"poses": [5, 3]}}}, "'mixture.*poses.*got"),
        ({"mixture": {"shares": {"fill": 0}}}, "'mixture': 'shares' must add up to more than 0"),
        ({"mixture": {"shares": {"text_only": 1}}}, "'mixture.shares' has plain text alone"),
        ({"model": SMALL | {"positions": 10}}, "has .* tokens without its caption, the model reads 10.*on a base"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(files, capsys, changes, match):
    files.settings(**changes)
    assert run("align", *files.named, "--steps", 1, "--out", files.folder / "run") == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert re.search(match, told), told


def test_a_run_to_begin_with_must_have_the_same_words_and_network(files, capsys):
    one, two = files.folder / "one", files.folder / "two"
    assert run("align", *files.named, "--steps", 1, "--out", one) == 0
    for changes, match in (
        ({"streams": {"motion": 20}}, "was trained with vocabulary"),
        ({"model": SMALL | {"width": 32}}, "of another network ('model' or 'lora')"),
    ):
        files.settings(**changes)
        assert run("instruct", *files.named, "--steps", 1, "--out", two, "--start", one) == 2
        assert match in capsys.readouterr().err


def test_one_command_starts_processes_that_train_as_one(files):
    """FSDP on the processor: two processes, one micro-batch each, against one with two."""
    two, one = files.folder / "two", files.folder / "one"
    typed = ["align", *files.named, "--steps", 2, "--distributed", "fsdp", "--processes", 2, "--out", two]
    done = subprocess.run(
        [sys.executable, "-m", "training", "language", *map(str, typed)], cwd=ROOT, capture_output=True, text=True,
        timeout=600, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    files.settings(accumulation=2)
    assert run("align", *files.named, "--steps", 2, "--out", one) == 0
    tensors = [checkpoint.load_weights(folder)[0] for folder in (one, two)]
    for name, value in tensors[0].items():
        assert (tensors[1][name] - value).abs().mean() < 1e-5, name
    assert len(checkpoint.load_trainer(two)["processes"]) == 2


@pytest.mark.parametrize("way", command.DISTRIBUTED)
def test_there_is_a_file_for_accelerate(way):
    from accelerate.commands.config.config_args import load_config_from_file

    config = load_config_from_file(str(command.CONFIGS / f"{way}.yaml"))
    assert (config.distributed_type == "MULTI_GPU") == (way != "one") and config.mixed_precision == "no"
    started = command.launch(parsed("align", "--items", "a", "--out", "b", "--steps", 3, "--distributed", way))
    assert started[started.index("-m", 3) :] == [
        "-m", "training", "language", "align", "--items", "a", "--out", "b", "--steps", "3", "--distributed", way,
    ]  # fmt: skip
