"""`python -m training import`: what it prints, writes and refuses."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from safetensors import SafetensorError  # noqa: E402

from tests.training.importing import published  # noqa: E402
from training import __main__ as training  # noqa: E402
from training.importing import command, importer, mg1_lora, writing  # noqa: E402


@pytest.fixture
def file(tmp_path):
    torch.save({"net": published.tokenizer(), "epoch": 3}, tmp_path / "net_last.pth")
    return tmp_path / "net_last.pth"


def run(*arguments):
    return training.main(["import", *map(str, arguments)])


def test_the_licence_is_shown_and_every_file_accounted_for(file, tmp_path, capsys):
    assert run(file, "--kind", "t2mgpt-vq", "--out", tmp_path / "vq") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"net_last.pth: 69 tensors in {tmp_path / 'vq'}"
    assert lines[1] == "features: humanml263 at 20 fps, normalisation humanml3d-b"
    assert lines[2] == "left out: epoch" and lines[3].startswith("licence: T2M-GPT's own files are under Apache-2.0")
    said = json.loads((tmp_path / "vq" / "import.json").read_text())
    assert said["source"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    content = (tmp_path / "vq" / "motion_tokenizer.safetensors").read_bytes()
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    assert said["files"] == {"motion_tokenizer.safetensors": entry}


def test_an_earlier_import_is_replaced_and_nothing_else(file, tmp_path, capsys):
    out = tmp_path / "vq"
    assert run(file, "--kind", "t2mgpt-vq", "--out", out) == 0
    assert run(file, "--kind", "t2mgpt-vq", "--out", out) == 0
    (out / "notes.txt").write_text("mine")
    assert run(file, "--kind", "t2mgpt-vq", "--out", out) == 2
    assert "holds 'notes.txt', which would be lost" in capsys.readouterr().err and (out / "notes.txt").exists()


@pytest.mark.parametrize("kind", [kind for kind in command.KINDS if kind != "t2mgpt-vq"])
def test_the_kind_that_it_may_be_is_named(kind, file, tmp_path, capsys):
    assert run(file, "--kind", kind, "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error.startswith(f"net_last.pth does not fit --kind {kind}: ") and error.count("\n") == 1
    assert error.endswith("; it may be --kind t2mgpt-vq\n") and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "found, kind",
    [
        ({"state_dict": {"lm.language_model.shared.weight": torch.ones(1)}}, "mgt5"),
        ({"transformer.h.0.attn.c_attn.lora_A": torch.ones(1)}, "mg1-lora"),
        ({"text_encoder": {}, "movement_encoder": {}, "motion_encoder": {}}, "t2m-evaluator"),
    ],
)
def test_every_kind_is_known_by_its_parts(found, kind, tmp_path, capsys):
    torch.save(found, tmp_path / "a.pth")
    assert run(tmp_path / "a.pth", "--kind", "t2mgpt-vq", "--out", tmp_path / "out") == 2
    assert capsys.readouterr().err.endswith(f"; it may be --kind {kind}\n")


def test_mistakes_leave_nothing_behind(file, tmp_path, capsys, monkeypatch):
    assert run(tmp_path / "none.pth", "--kind", "mgt5", "--out", tmp_path / "out") == 2
    assert "there is no file" in capsys.readouterr().err
    (tmp_path / "page.tar").write_bytes(b"<!DOCTYPE html>")
    assert run(tmp_path / "page.tar", "--kind", "t2m-evaluator", "--out", tmp_path / "out") == 2
    assert "page.tar is a web page" in capsys.readouterr().err

    def full(*_, **__):
        raise SafetensorError("No space left on device")

    monkeypatch.setattr(writing, "save_file", full)
    assert run(file, "--kind", "t2mgpt-vq", "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error == "motion_tokenizer.safetensors cannot be written: No space left on device\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net_last.pth", "page.tar"]


def test_the_base_of_an_adapter_is_told(capsys, tmp_path, monkeypatch):
    base, kind = mg1_lora.Base("tiny", "nowhere/tiny", 32, 2, 2), importer.KINDS["mg1-lora"]
    tiny = replace(kind, convert=lambda found: mg1_lora.convert(found, [base]))
    monkeypatch.setitem(importer.KINDS, "mg1-lora", tiny)
    torch.save({name: torch.ones(shape) for name, shape in base.tensors().items()}, tmp_path / "pretrained.pth")
    assert run(tmp_path / "pretrained.pth", "--kind", "mg1-lora", "--out", tmp_path / "lora") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("base: tiny (nowhere/tiny); trained in lit-llama, whose RMSNorm adds 1e-5")
    assert lines[2].startswith("licence: none is stated; the base, Meta's LLaMA-1, is given out on request")


def test_commands_and_importers_are_the_same():
    assert list(command.KINDS) == list(importer.KINDS)


def test_the_other_commands_start_without_torch():
    program = "import sys, training.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
