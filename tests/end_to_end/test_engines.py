"""What the engines load: seen from outside, in Python's own log of imports, on a Python that has all packages."""

import importlib.util
import json

import pytest

from backend.protocol import GenerateAnswer, ServerInfo
from tests.end_to_end.process import HEAVY, import_log, packages, run


@pytest.fixture(autouse=True)
def installed(tiny_bundle):
    for name in ("torch", "transformers", "tokenizers", "safetensors"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"shows nothing: {name} is not installed")


def generate(bundle, out, *options):
    done = run(
        "generate", "a person walks", "--seconds", 2, "--takes", 2, "--device", "cpu", "--bundle", bundle, "--out", out,
        *options, command=import_log(),
    )  # fmt: skip
    assert done.returncode == 0 and out.exists(), done.stderr
    return json.loads(done.stdout), packages(done.stderr)


@pytest.mark.parametrize("options", [(), ("--engine", "numpy")])
def test_generate_on_numpy_loads_no_heavy_package(options, tiny_bundle, tmp_path):
    report, loaded = generate(tiny_bundle, tmp_path / "x.npz", *options)
    assert report["engine"] == "numpy"
    assert {"numpy", "backend"} <= loaded and not loaded & set(HEAVY)


def test_generate_on_torch_loads_it(tiny_bundle, tmp_path):
    report, loaded = generate(tiny_bundle, tmp_path / "x.npz", "--engine", "torch")
    assert report["engine"] == "torch" and {"torch", "tokenizers"} <= loaded


def test_serve_on_numpy_loads_no_heavy_package(start, tiny_bundle):
    backend = start("--device", "cpu", "--idle", "600", command=import_log())
    backend.send(id=0, method="initialize", params={})
    answer, _ = backend.answer(0)
    info = ServerInfo.from_dict(answer["result"])
    assert (info.engine, info.engines) == ("numpy", ("numpy", "torch"))
    backend.generate(1, "a person walks", bundle=str(tiny_bundle))
    answer, _ = backend.answer(1)
    assert GenerateAnswer.from_dict(answer["result"]).report.engine == "numpy"
    backend.send(id=2, method="shutdown")
    backend.answer(2)
    assert backend.ended() == 0
    loaded = packages(backend.log.read_text(encoding="utf-8"))
    assert {"numpy", "backend"} <= loaded and not loaded & set(HEAVY)


@pytest.mark.parametrize("command", [("serve",), ("generate", "walk", "--out", "x.npz")])
def test_an_unknown_engine_is_one_line(command):
    done = run(*command, "--engine", "onnx")
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1
    assert "--engine: invalid choice: 'onnx'" in done.stderr and "numpy" in done.stderr and "auto" in done.stderr
