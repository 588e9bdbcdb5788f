"""Prompts as data: what is asked, word for word."""

import json
from dataclasses import replace

import numpy as np
import pytest

from backend import systems
from backend.bundles import Bundle, BundleError
from backend.bundles.bundle import FileEntry
from backend.systems import prompts
from backend.systems.prompts import MASKED, TASKS, Fields, Speech
from backend.systems.vocabulary import OURS, TextTokens, Vocabulary
from tests.systems import fake_engine

FIELDS = Fields("A person\n walks", {"motion": np.array([3, 1, 2])}, [7, 8], [5, 6], [4, MASKED, 0], 3)
TEXT = 300


def speech(asked: prompts.Prompts, bos=OURS.bos) -> Speech:
    """Letters are ids from 20 on."""
    streams = () if asked.spelling == "digits" else (("motion", 16),)
    if "body" in "".join(task.answer for task in asked.tasks.values()):
        streams += (("body", 4), ("hands", 4))
    vocabulary = Vocabulary(TEXT, asked.marks, 75 if asked.lengths == "tokens" else 0, streams)

    def letters(text):
        return [20 + byte for byte in text.encode()]

    return Speech(vocabulary, TextTokens(bos, OURS.eos, OURS.pad), letters, letters)


def written(ids, said: Speech) -> str:
    return "".join(
        chr(i - 20) if 20 <= i < TEXT else {1: "<s>", 2: "</s>"}.get(i) or said.vocabulary.token(i) for i in ids
    )


def both(name, task, fields=FIELDS, variant=0):
    asked = prompts.load(name)
    said = speech(asked)
    return written(asked.prompt(task, fields, said, variant), said), written(asked.answer(task, fields, said), said)


FRAME = (
    "<s>Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write a response that appropriately completes the request.\n\n### Instruction:\n"
    "Generate a sequence of motion tokens matching the following human motion description{}\n\n### Input:\n"
    "A person walks{}\n\n### Response:"
)


@pytest.mark.parametrize(
    ("task", "ending", "tokens"),
    [
        ("text_to_motion", ".", ""),
        ("initial_pose", " given the initial token.", "<Motion Token>7,8</Motion Token>"),
        ("last_pose", " given the last token.", "<Motion Token>7,8</Motion Token>"),
        ("key_poses", " given several key tokens.", "<Motion Token>7,8</Motion Token>"),
    ],
)
def test_motiongpt_asks_as_its_published_code_does(task, ending, tokens):
    # papers.md 3.1: the code's words, not the paper's; nothing between "Response:" and the answer
    assert both("alpaca_digits", task) == (FRAME.format(ending, tokens), "3,1,2</s>")


def test_motiongpt2_has_a_token_a_code_and_says_the_length_in_words():
    asked, answer = both("alpaca", "key_poses")
    lasts = " given several key tokens. The motion lasts 0.4 seconds."
    assert asked == FRAME.format(lasts, "<motion><motion_7><motion_8></motion>") + "<motion>"
    assert answer == "<motion_3><motion_1><motion_2></motion>"
    assert both("alpaca", "fill")[0].endswith("<motion><motion_4><mask><motion_0></motion>\n\n### Response:<motion>")
    assert both("alpaca", "predict")[0].endswith("<motion><motion_5><motion_6></motion>\n\n### Response:<motion>")
    assert both("alpaca", "describe")[1] == "A person walks</s>"


def test_body_and_hands_are_two_blocks():
    codes = {"body": np.array([1, 2]), "hands": np.array([3, 0])}
    asked, answer = both("alpaca", "holistic", Fields("wave", codes))
    assert asked.endswith("wave\n\n### Response:<motion_body>")
    assert answer == "<body_1><body_2></motion_body><motion_hand><hands_3><hands_0></motion_hand>"


def test_compact_says_the_length_before_the_answer_or_in_it():
    assert both("compact", "text_to_motion") == (
        "<s><len_3>a person walks<motion>", "<motion_3><motion_1><motion_2></motion>",
    )  # fmt: skip
    assert both("compact", "text_to_motion", replace(FIELDS, length=None)) == (
        "<s>a person walks<motion>", "<len_3><motion_3><motion_1><motion_2></motion>",
    )  # fmt: skip


def test_what_is_typed_is_never_a_mark():
    asked, said = prompts.load("compact"), speech(prompts.load("compact"))
    ids = asked.prompt("text_to_motion", Fields("</motion><eos>"), said)
    assert written(ids, said) == "<s></motion><eos><motion>"
    assert [i for i in ids if i >= TEXT] == [said.vocabulary.mark("<motion>")]


def test_texts_side_by_side_are_encoded_as_one():
    seen = []
    asked = prompts.load("alpaca_digits")
    said = replace(speech(asked), encode=lambda text: seen.append(text) or [])
    asked.prompt("initial_pose", FIELDS, said)
    assert len(seen) == 1 and seen[0].startswith("Below") and "walks<Motion Token>7,8" in seen[0]


def test_a_base_without_beginning_token():
    asked = prompts.load("alpaca")
    assert asked.prompt("text_to_motion", FIELDS, speech(asked, bos=None))[0] == 20 + ord("B")


def test_every_file_knows_its_tasks_and_their_wordings():
    assert {"alpaca", "alpaca_digits", "compact"} <= set(prompts.names())
    for name in prompts.names():
        asked = prompts.load(name)
        assert set(asked.tasks) <= set(TASKS)
        fields = replace(FIELDS, codes=FIELDS.codes | {"body": np.array([1]), "hands": np.array([1])})
        for task in asked.tasks:
            said = {tuple(asked.prompt(task, fields, speech(asked), i)) for i in range(len(asked.instructions(task)))}
            assert len(said) == len(asked.instructions(task))


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match="no prompts 'x'; there are alpaca"):
        prompts.load("x")
    with pytest.raises(ValueError, match="have no task 'describe', only text_to_motion"):
        prompts.load("alpaca_digits").instructions("describe")


def bundle(tmp_path, data: bytes, **changes) -> Bundle:
    (tmp_path / prompts.FILE).write_bytes(data)
    trained = prompts.load("compact")
    fields = {
        "path": tmp_path, "name": "b", "version": "1", "system": "motiongpt2", "tasks": (), "engines": ("numpy",),
        "prompt_version": trained.version, "config": {"prompts": trained.to_config()}, "features": {}, "licence": "x",
        "training_data": (), "acknowledgement": "", "metrics": {}, "files": {prompts.FILE: FileEntry("", len(data))},
    }  # fmt: skip
    return Bundle(**(fields | changes))


def test_a_bundle_is_asked_in_its_own_words(tmp_path):
    found = prompts.of_bundle(bundle(tmp_path, prompts.load("compact").source))
    assert found.to_config() == prompts.load("compact").to_config()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"config": {"prompts": prompts.load("alpaca").to_config()}},
            r"asks with the wording compact 2 \(\w{8}\), the weights were trained with alpaca \d+ \(\w{8}\);",
        ),
        ({"config": {}}, "were trained with None;"),
        ({"config": {"prompts": {"name": 3}}}, "were trained with {'name': 3};"),
        ({"prompt_version": 1}, "version 2 of the wording compact, the weights were trained with version 1"),
    ],
)
def test_a_bundle_refuses_other_words_than_it_was_trained_with(tmp_path, changes, said):
    with pytest.raises(BundleError, match=said):
        prompts.of_bundle(bundle(tmp_path, prompts.load("compact").source, **changes))


def test_changed_words_are_other_words(tmp_path):
    with pytest.raises(BundleError, match="the answers would be noise"):
        prompts.of_bundle(bundle(tmp_path, prompts.load("compact").source.replace(b"<fill>", b"<full>")))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "format 1"),
        ({"version": 0}, "'version'"),
        ({"spelling": "words"}, "'spelling' must be one of tokens, digits"),
        ({"marks": ["motion"]}, "'marks'"),
        ({"fps": 0}, "'fps'"),
        ({"tasks": {"dance": {}}}, "'tasks' must be some of"),
        ({"tasks": {"fill": {"input": "{nothing}"}}}, r"'input' of fill has the placeholder \{nothing\}"),
        ({"tasks": {"fill": {"instructions": []}}}, "'instructions' of task 'fill'"),
        ({"frame": "{slots}"}, r"'frame' has the placeholder \{slots\}"),
        ({"frame": 3}, "'frame' must be text"),
    ],
)
def test_the_part_of_a_file_that_does_not_fit_is_named(change, said):
    plain = json.loads(prompts.load("compact").source)
    with pytest.raises(ValueError, match=said):
        prompts.from_bytes(json.dumps(plain | change).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"[" * 100_000, b" " * (2**18 + 1)])
def test_what_is_no_prompts_file_is_refused(data):
    with pytest.raises(ValueError, match="prompts"):
        prompts.from_bytes(data)


def test_marks_in_another_order_than_in_training_are_refused():
    made = fake_engine.bundle()
    marks = made.config["vocabulary"]["marks"]
    for changed in (marks[::-1], [*marks[:-1], "<more>"]):
        made.config["vocabulary"] = made.config["vocabulary"] | {"marks": changed}
        with pytest.raises(BundleError, match="in its prompts; they must be the same in the same order"):
            systems.create(made, fake_engine.FakeEngine())
