"""``python -m backend serve`` over a real pipe, with the real engine on a bundle of random weights."""

import shutil

import numpy as np
import pytest

from backend.protocol import GenerateAnswer, ServerInfo, Take
from backend.wire import CANCELLED, encode_motion


def takes(messages):
    return [Take.from_dict(m["params"]) for m in messages if m.get("method") == "motion/take"]


def close(a, b):
    """Takes are decoded together: how many there are moves the last digits."""
    return np.allclose(a.root, b.root, atol=1e-6) and np.allclose(a.rotations, b.rotations, atol=1e-6)


def stages(messages):
    """Without waiting: the request before may still be leaving when the next one comes."""
    told = dict.fromkeys(m["params"]["stage"] for m in messages if m.get("method") == "$/progress")
    return [stage for stage in told if stage != "Waiting for the request before"]


@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_a_conversation(engine, start, tiny_bundle):
    backend = start("--threads", "1", "--device", "cpu", "--engine", engine)
    order = {"bundle": str(tiny_bundle), "seconds": 2, "fps": [24, 1]}

    backend.send(id=0, method="initialize", params={})
    answer, _ = backend.answer(0)
    info = ServerInfo.from_dict(answer["result"])
    assert info.engines == ("numpy", "torch") and "motion/generate" in info.methods
    assert (info.engine, info.engine_why) == (engine, f"the {engine} engine was asked for")
    backend.send(id=1, method="models/list", params={"folders": [str(tiny_bundle)]})
    answer, _ = backend.answer(1)
    (row,) = [row for row in answer["result"]["bundles"] if row.get("title") == "tiny 0"]
    assert {"text_to_motion", "describe", "fill"} <= set(row["tasks"])
    assert "HEAVY" not in backend.log.read_text(), "neither asking what is there nor listing may import torch"

    # loading and generating tell their progress; takes come before the answer
    backend.generate(2, "a person walks", takes=2, seed=3, **order)
    answer, before = backend.answer(2)
    result = GenerateAnswer.from_dict(answer["result"])
    first = takes(before)
    told = stages(before)
    load = ["Checking the bundle", *(["Starting the engine"] if engine == "torch" else []), "Loading the model"]
    assert told[: len(load)] == load
    assert told[len(load) :] == ["Reading the prompt", "Generating", "Decoding", "Choosing", "Placing", "Done"]
    assert result.takes == 2 == len(first) and [t.index for t in first] == [0, 1]
    assert [len(t.motion) for t in first] == [48, 48] and result.report.frames == 48
    assert all(0.0 <= m["params"]["fraction"] <= 1.0 for m in before if m.get("method") == "$/progress")
    assert result.report.engine == engine
    assert ("HEAVY torch" in backend.log.read_text()) is (engine == "torch")

    # the same again: nothing is loaded, the same comes out, and a take is the same beside more of them
    backend.generate(3, "A  person walks ", takes=3, seed=3, **order)
    answer, before = backend.answer(3)
    assert "Loading the model" not in stages(before)
    for one, other in zip(first, takes(before), strict=False):
        assert close(one.motion, other.motion)

    # captions of what was made
    params = {"motion": encode_motion(first[0].motion), "captions": 2, "bundle": str(tiny_bundle)}
    backend.send(id=7, method="motion/describe", params=params)
    answer, before = backend.answer(7)
    assert answer["result"]["facts"] and 1 <= len(answer["result"]["captions"]) <= 2
    assert stages(before) == ["Reading the motion", "Describing", "Done"]

    # cancelled in the middle: an error, no take, and the backend goes on
    backend.generate(4, "a person walks", **(order | {"takes": 16, "seconds": 10}))
    backend.progress(4, "Reading the prompt")
    backend.cancel(4)
    answer, before = backend.answer(4)
    assert answer["error"]["code"] == CANCELLED and not takes(before)
    backend.generate(5, "a person walks", takes=1, seed=3, **order)
    answer, before = backend.answer(5)
    assert close(takes(before)[0].motion, first[0].motion)
    assert "Traceback" not in backend.log.read_text()

    backend.send(id=6, method="shutdown")
    backend.answer(6)
    assert backend.ended() == 0


def test_a_forced_engine_that_cannot_run_is_told_at_once(start, tiny_bundle):
    backend = start("--engine", "torch", hidden=("torch",))
    backend.send(id=0, method="initialize", params={})
    answer, _ = backend.answer(0)
    info = ServerInfo.from_dict(answer["result"])
    assert info.engine == "" and info.engine_why.startswith("the torch engine was asked for, and this Python ")
    backend.generate(1, "walk", bundle=str(tiny_bundle))
    answer, _ = backend.answer(1)
    assert info.engine_why.startswith(answer["error"]["message"])
    assert "Engine on Automatic" in answer["error"]["data"]["action"]


def test_without_torch_small_bundles_run_and_others_say_what_to_choose(start, tiny_bundle, torch_bundle, tmp_path):
    backend = start(hidden=("torch", "transformers", "tokenizers", "safetensors"))
    backend.send(id=0, method="initialize", params={})
    answer, _ = backend.answer(0)
    info = ServerInfo.from_dict(answer["result"])
    assert (info.engines, info.engine, info.engine_why) == (("numpy",), "numpy", "works from the zip alone")
    backend.generate(1, "walk", bundle=str(torch_bundle))
    answer, _ = backend.answer(1)
    error = answer["error"]
    assert error["data"]["kind"] == "engine" and "runs on torch only" in error["message"] and "GB" in error["message"]
    assert "choose a Python with torch as Backend Python" in error["data"]["action"]
    backend.generate(3, "walk", bundle=str(tiny_bundle))
    answer, _ = backend.answer(3)
    assert answer["result"]["report"]["engine"] == "numpy"
    # and a broken bundle is found before anything is loaded
    shutil.copytree(tiny_bundle, tmp_path / "b")
    (tmp_path / "b" / "tokenizer.json").write_text("{}")
    backend.generate(2, "walk", bundle=str(tmp_path / "b"))
    answer, _ = backend.answer(2)
    assert answer["error"]["data"]["kind"] == "bundle" and "tokenizer.json has 2 bytes" in answer["error"]["message"]
    assert "Traceback" not in backend.log.read_text()
