"""`python -m training import`: what it prints, writes and refuses."""

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from safetensors import SafetensorError  # noqa: E402

from backend import bundles  # noqa: E402
from tests import tiny_bundle  # noqa: E402
from tests.training.importing import published  # noqa: E402
from training import __main__ as training  # noqa: E402
from training.importing import command, importer, llama1, mg1_lora, writing  # noqa: E402


@pytest.fixture
def file(tmp_path, narrow):
    torch.save({"net": published.tokenizer(channels=published.NARROW), "epoch": 3}, tmp_path / "net_last.pth")
    return tmp_path / "net_last.pth"


def run(*arguments):
    return training.main(["import", *map(str, arguments)])


def test_the_licence_is_shown_and_every_file_accounted_for(file, tmp_path, capsys):
    assert run(file, "--kind", "t2mgpt-vq", "--out", tmp_path / "vq") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"net_last.pth: 69 tensors in {tmp_path / 'vq'}"
    assert lines[1] == "features: humanml263 at 20 fps, normalisation humanml3d-b"
    assert lines[2:4] == ["tasks: none, it is a motion tokenizer", "left out: epoch"]
    assert lines[4].startswith("licence: T2M-GPT's own files are under Apache-2.0")
    bundle = bundles.load(tmp_path / "vq")
    source = bundle.config["imported"]["source"]
    assert source["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert set(bundle.files) == {"motion_tokenizer.safetensors", "MODEL_CARD.md"}


def test_the_evaluator_becomes_a_folder(tmp_path, capsys):
    torch.save(published.evaluator(), tmp_path / "finest.tar")
    assert run(tmp_path / "finest.tar", "--kind", "t2m-evaluator", "--out", tmp_path / "e") == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("features: humanml263")
    said = json.loads((tmp_path / "e" / "import.json").read_text())
    content = (tmp_path / "e" / "t2m_evaluator.safetensors").read_bytes()
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    assert said["files"] == {"t2m_evaluator.safetensors": entry} and said["kind"] == "t2m-evaluator"


def test_an_earlier_import_is_replaced_and_nothing_else(file, vq_bundle, tmp_path, capsys):
    out = shutil.copytree(vq_bundle[1], tmp_path / "vq")
    assert run(file, "--kind", "t2mgpt-vq", "--out", out) == 0
    assert bundles.load(out).config["imported"]["left_out"] == ["epoch"]
    (out / "notes.txt").write_text("mine")
    assert run(file, "--kind", "t2mgpt-vq", "--out", out) == 2
    assert "holds 'notes.txt', which would be lost" in capsys.readouterr().err and (out / "notes.txt").exists()


@pytest.mark.parametrize("kind", [kind for kind in command.KINDS if kind != "t2mgpt-vq"])
def test_the_kind_that_it_may_be_is_named(kind, file, tmp_path, capsys):
    given = [f"--{name.replace('_', '-')}={tmp_path}" for name in importer.KINDS[kind].needs]
    assert run(file, "--kind", kind, "--out", tmp_path / "out", *given) == 2
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
    assert run(tmp_path / "none.pth", "--kind", "t2mgpt-vq", "--out", tmp_path / "out") == 2
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


def test_what_is_not_in_a_file_is_asked_for_and_nothing_else(file, tmp_path, capsys):
    assert run(file, "--kind", "mgt5", "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error.startswith("--kind mgt5 needs --tokenizer DIR, a folder with the text tokenizer")
    assert "hf download google/flan-t5-base tokenizer.json" in error
    assert run(file, "--kind", "mg1-lora", "--out", tmp_path / "out") == 2
    assert "needs --tokenizer-bundle DIR, the motion tokenizer whose codes" in capsys.readouterr().err
    assert run(file, "--kind", "t2mgpt-vq", "--out", tmp_path / "out", "--tokenizer", tmp_path) == 2
    assert capsys.readouterr().err == "--tokenizer has no meaning for --kind t2mgpt-vq; leave it out\n"


def test_a_bundle_that_is_no_import_is_left_alone(file, tmp_path, capsys):
    out = tiny_bundle.build(tmp_path / "mine").path
    assert run(file, "--kind", "t2mgpt-vq", "--out", out) == 2
    assert capsys.readouterr().err == f"{out} is no earlier import; name a new folder\n"
    assert bundles.load(out).name == "tiny"


def test_what_must_be_known_of_a_base_is_told(vq_bundle, capsys, tmp_path, monkeypatch):
    base, kind = llama1.Base("tiny", "nowhere/tiny", 32, 2, 2), importer.KINDS["mg1-lora"]
    tiny = replace(kind, convert=lambda found, options: mg1_lora.convert(found, options, [base]))
    monkeypatch.setitem(importer.KINDS, "mg1-lora", tiny)
    torch.save({name: torch.ones(shape) for name, shape in base.tensors().items()}, tmp_path / "pretrained.pth")
    given = ("--out", tmp_path / "lora", "--tokenizer-bundle", vq_bundle[1])
    assert run(tmp_path / "pretrained.pth", "--kind", "mg1-lora", *given) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "tasks: text_to_motion, initial_pose, last_pose, key_poses"
    assert lines[3].startswith("note: Trained in lit-llama, whose RMSNorm adds 1e-5")
    assert lines[4].startswith("licence: none is stated; the base, Meta's LLaMA-1, is given out on request")


def test_commands_and_importers_are_the_same():
    assert list(command.KINDS) == list(importer.KINDS)


def test_the_other_commands_start_without_torch():
    program = "import sys, training.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
