"""Run folders become bundles: what is in them, and what does not fit together."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from backend import bundles  # noqa: E402
from backend.engines.fitting import configs  # noqa: E402
from backend.systems import prompts  # noqa: E402
from tests import tiny_bundle as tiny  # noqa: E402
from training import __main__ as training  # noqa: E402
from training import checkpoint, text_tokenizer, tokenizer  # noqa: E402
from training.exporting import bundle as exporting  # noqa: E402
from training.exporting import language_run, small  # noqa: E402


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folders of a tokenizer's and a language model's run."""
    folder = tmp_path_factory.mktemp("runs")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        tiny.language_run(folder / "language")
        best = folder / "language" / language_run.BEST
        best.mkdir()
        for name in (checkpoint.WEIGHTS, checkpoint.META):
            (folder / "language" / name).rename(best / name)
        return tiny.tokenizer_run(folder / "tokenizer", codec="humanml263"), best


def test_the_command_writes_a_bundle_that_says_what_it_is(runs, tmp_path, capsys):
    (tmp_path / "meta.json").write_text(json.dumps(tiny.ABOUT | {"sampling": {"temperature": 0.7}}))
    (tmp_path / "CARD.md").write_text("# Card\n")
    told = ["--tokenizer", runs[0], "--language", runs[1], "--meta", tmp_path / "meta.json"]
    told += ["--card", tmp_path / "CARD.md", "--out", tmp_path / "bundle"]
    assert training.main(["export", *map(str, told)]) == 0
    assert capsys.readouterr().out.startswith("tiny 0: 0.")
    bundle = bundles.load(tmp_path / "bundle")
    assert (bundle.system, bundle.engines, bundle.prompt_version) == ("motiongpt2", ("numpy", "torch"), 2)
    assert bundle.tasks == tiny.TASKS[tiny.BODY]
    assert (bundle.features["codec"], bundle.features["fps"]) == ("humanml263", 20)
    assert bundle.config["sampling"] == {"temperature": 0.7}
    assert prompts.of_bundle(bundle).name == "compact"
    vocabulary, _, language = configs(bundle)
    assert vocabulary.streams == (("motion", tiny.CODES),) and language.size == vocabulary.size
    assert bundle.config["text_tokenizer"] == {
        "sha256": bundle.files["tokenizer.json"].sha256, "bos": 1, "eos": 2, "pad": 0,
    }  # fmt: skip


def test_body_and_hands_have_a_stream_each(tmp_path):
    tiny.language_run(tmp_path / "l", streams=tiny.HANDS)
    tokenizer_run = tiny.tokenizer_run(tmp_path / "t", tiny.HANDS)
    bundle = exporting.export(tokenizer_run, tmp_path / "l", tiny.ABOUT, "# Card\n", tmp_path / "bundle")
    vocabulary, motion, _ = configs(bundle)
    assert vocabulary.streams == (("body", tiny.CODES), ("hands", tiny.CODES)) and motion.order == "hand_first"
    assert bundle.tasks == ("holistic",) and bundle.features["codec"] == "motionx623"


def test_codes_in_digits_make_a_motiongpt(tmp_path):
    tiny.language_run(tmp_path / "l", wording="alpaca_digits")
    bundle = exporting.export(
        tiny.tokenizer_run(tmp_path / "t"), tmp_path / "l", tiny.ABOUT, "# Card\n", tmp_path / "bundle"
    )
    assert bundle.system == "motiongpt" and configs(bundle)[0].added == 0


def test_a_bundle_can_give_its_tokenizer_to_another(runs, tmp_path):
    first = exporting.export(*runs, tiny.ABOUT, "# Card\n", tmp_path / "first")
    found, trained = tokenizer.load_tokenizer(first.path), tokenizer.load_tokenizer(runs[0])
    assert found.codec is trained.codec and np.array_equal(found.mean, trained.mean)
    halves = small.half(trained.model.state_dict())
    assert all(torch.equal(value, halves[name].float()) for name, value in found.model.state_dict().items())
    again = exporting.export(first.path, runs[1], tiny.ABOUT, "# Card\n", tmp_path / "again")
    assert again.files == first.files


@pytest.mark.parametrize("field", ["licence", "metrics"])
def test_what_only_the_trainer_knows_is_asked_for(field, runs, tmp_path):
    meta = {name: value for name, value in tiny.ABOUT.items() if name != field}
    with pytest.raises(ValueError, match=f"meta lacks {field}; it needs name, version, licence"):
        exporting.export(*runs, meta, "", tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


@pytest.fixture
def language(runs, tmp_path):
    """A copy of the language run's folder, its best/ and what it shares."""
    return shutil.copytree(runs[1].parent, tmp_path / "language") / language_run.BEST


def test_another_wording_than_the_run_was_trained_with(runs, language, tmp_path):
    shutil.copy("backend/systems/prompts/alpaca.json", language.parent / prompts.FILE)
    with pytest.raises(ValueError, match=r"is alpaca 1 \(\w{8}\), the run was trained with .*'compact'.*put that file"):
        exporting.export(runs[0], language, tiny.ABOUT, "", tmp_path / "bundle")


def test_a_folder_without_its_parts(runs, language, tmp_path):
    (language.parent / "tokenizer.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no tokenizer.json; name the folder of a run, or its best/"):
        exporting.export(runs[0], language, tiny.ABOUT, "", tmp_path / "bundle")
    with pytest.raises(ValueError, match="lacks vocabulary, prompts, tasks: it is no run of a language model"):
        exporting.export(runs[0], runs[0], tiny.ABOUT, "", tmp_path / "bundle")


def test_a_text_tokenizer_of_another_run(runs, language, tmp_path):
    other = text_tokenizer.train(["abc"], text_tokenizer.SMALLEST)
    other.save(str(language.parent / "tokenizer.json"))
    with pytest.raises(ValueError, match="has 259 tokens, the language model was trained with 29"):
        exporting.export(runs[0], language, tiny.ABOUT, "", tmp_path / "bundle")


def test_codes_of_another_tokenizer(runs, tmp_path):
    hands = tiny.tokenizer_run(tmp_path / "t", tiny.HANDS)
    with pytest.raises(ValueError, match="on 16 of motion codes, the motion tokenizer has 16 of body, 16 of hands"):
        exporting.export(hands, runs[1], tiny.ABOUT, "", tmp_path / "bundle")


def test_a_task_that_the_prompts_have_not(runs, tmp_path):
    run = replace(language_run.read(runs[1]), tasks=("text_to_motion", "juggle"))
    with pytest.raises(ValueError, match="prompts compact 2 have no task juggle"):
        small.export(tokenizer.load_tokenizer(runs[0]), run, tiny.ABOUT, "", tmp_path / "bundle")


def test_values_that_fp16_cannot_hold():
    with pytest.raises(ValueError, match=r"a.weight has values that fp16 cannot hold \(largest 1e\+06\)"):
        small.half({"a.weight": torch.tensor([1.0, 1e6])})


def test_what_is_wrong_is_one_line(runs, tmp_path, capsys):
    (tmp_path / "CARD.md").write_text("# Card\n")
    told = ["export", "--tokenizer", str(runs[0]), "--language", str(runs[1]), "--card", str(tmp_path / "CARD.md")]
    told += ["--meta", str(tmp_path / "meta.json"), "--out", str(tmp_path / "bundle")]
    for content, says in (("[1", "meta.json is not JSON"), ("[1]", "must hold one JSON object, found list")):
        (tmp_path / "meta.json").write_text(content)
        assert training.main(told) == 2
        error = capsys.readouterr().err
        assert says in error and error.count("\n") == 1
    (tmp_path / "meta.json").write_text(json.dumps(tiny.ABOUT))
    assert training.main([*told, "--whole"]) == 2
    assert "has no base, all of it is in the bundle anyway: leave --whole out" in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists()
