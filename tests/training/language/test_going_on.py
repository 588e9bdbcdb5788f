"""What a run that goes on, or begins with another, may change and what not."""

import hashlib
import re
import warnings

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("peft")

from tests import tiny_base, tiny_text  # noqa: E402
from tests.training.language.test_command import SMALL, files, run  # noqa: E402, F401 (a fixture)
from training import checkpoint  # noqa: E402
from training.language.hugging_face import loaded  # noqa: E402
from training.language.stage import Stage  # noqa: E402


def hashes(folder) -> dict:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if p.is_file()}


def test_a_refused_start_leaves_the_run_as_it_was(files, capsys):  # noqa: F811
    out = files.folder / "run"
    assert run("align", *files.named, "--steps", 1, "--out", out) == 0
    before = hashes(out)
    base = tiny_base.write(files.folder / "base", "llama", tiny_text.SENTENCES)
    assert run("align", *files.named, "--steps", 2, "--base", base, "--out", out) == 2
    assert "holds a run of another network" in capsys.readouterr().err and hashes(out) == before
    files.settings(model=SMALL | {"width": 32})
    assert run("align", *files.named, "--steps", 2, "--out", out) == 2
    assert hashes(out) == before


def test_other_words_are_refused_and_other_data_told(files, capsys):  # noqa: F811
    out, long = files.folder / "run", {"model": SMALL | {"positions": 400, "text_size": 600}}
    files.settings(prompts="alpaca", **long)
    assert run("align", *files.named, "--steps", 1, "--out", out) == 0
    before = hashes(out)
    files.settings(prompts="alpaca_20", **long)
    assert run("align", *files.named, "--steps", 2, "--out", out) == 2
    assert re.search("asked in other words .*prompts was .*'alpaca'.*now it is.*'alpaca_20'", capsys.readouterr().err)
    assert hashes(out) == before
    assert run("instruct", *files.named, "--steps", 1, "--start", out, "--out", files.folder / "tuned") == 2
    assert "was trained with prompts" in capsys.readouterr().err and not (files.folder / "tuned").exists()
    files.settings(prompts="alpaca", tokens=300, seed=7, **long)
    assert run("align", *files.named, "--steps", 2, "--out", out) == 0
    told = capsys.readouterr().err
    assert "goes on with other data or batches: seed was 1, now it is 7; tokens was 400, now it is 300" in told
    assert checkpoint.load_trainer(out)["progress"]["step"] == 2


def test_what_is_known_and_harmless_is_not_said(tmp_path, capfd):
    base = tiny_base.write(tmp_path, "t5", tied=False)
    capfd.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded(base, torch.float32)
    assert capfd.readouterr().err == ""


def test_settings_of_streams_are_named():
    with pytest.raises(ValueError, match=r"'streams.motion' must be 1 or more, got 0"):
        Stage(streams={"motion": 0})
