import sys
from importlib.machinery import ModuleSpec
from types import SimpleNamespace

import pytest

from backend.bundles import BundleError
from backend.engines import EngineError, choose, usable
from backend.engines.choosing import ADAPTER_NEEDS


def bundle(*engines, size=10 * 2**20, tasks=("text_to_motion",), base=False):
    files = {"adapter_model.safetensors" if base else "w": SimpleNamespace(bytes=size)}
    config = {"base_model": {}} if base else {}
    return SimpleNamespace(name="one", engines=engines, files=files, tasks=tasks, config=config)


@pytest.fixture
def torch_at(monkeypatch, tmp_path):
    """Call with what the installed torch has in its folder lib/, or None: torch is not installed."""

    def install(libraries=()):
        spec = None
        if libraries is not None:
            (tmp_path / "torch" / "lib").mkdir(parents=True)
            for name in libraries:
                (tmp_path / "torch" / "lib" / name).touch()
            spec = ModuleSpec("torch", None, origin=str(tmp_path / "torch" / "__init__.py"))
        others = ModuleSpec("other", None, origin="/x/other/__init__.py") if libraries is not None else None
        monkeypatch.setattr("importlib.util.find_spec", lambda name: spec if name == "torch" else others)

    return install


@pytest.fixture
def gpu(monkeypatch):
    """Whether the system shows a GPU."""

    def there(seen: bool):
        monkeypatch.setattr("backend.engines.choosing._gpu_there", lambda: seen)

    return there


def test_without_torch_everything_small_or_big_runs_on_numpy(torch_at):
    torch_at(None)
    assert usable() == ("numpy",)
    for size in (10, 2**32):
        assert choose(bundle("numpy", "torch", size=size)).name == "numpy"


@pytest.mark.parametrize(
    ("libraries", "seen", "size", "device", "name", "why"),
    [
        ((), False, 10, "auto", "numpy", "small"),
        ((), True, 10, "auto", "numpy", "small"),  # a torch that was built without CUDA
        (["libtorch_cuda.so"], False, 10, "auto", "numpy", "small"),
        (["libtorch_cuda.so"], True, 10, "auto", "torch", "GPU"),
        (["torch_hip.dll"], True, 10, "auto", "torch", "GPU"),
        (["libtorch_cuda.so"], True, 10, "cpu", "numpy", "small"),
        ((), False, 2**28, "auto", "torch", "big"),
        ((), False, 10, "mps", "torch", "mps"),
        ((), False, 10, "cuda:1", "torch", "cuda:1"),
    ],
)
def test_with_torch_it_depends_on_gpu_size_and_device(torch_at, gpu, libraries, seen, size, device, name, why):
    torch_at(libraries)
    gpu(seen)
    choice = choose(bundle("numpy", "torch", size=size), device=device)
    assert choice.name == name and why in choice.why
    assert usable() == ("numpy", "torch")


@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_an_engine_can_be_forced(torch_at, engine):
    torch_at()
    assert choose(bundle("numpy", "torch", size=2**30), engine).name == engine
    assert choose(bundle("numpy", "torch"), engine).name == engine


def test_a_bundle_for_torch_alone_says_what_installing_torch_takes(torch_at):
    torch_at(None)
    for wanted in ("numpy", "auto"):
        with pytest.raises(EngineError, match=r"bundle one runs on torch.* GB to download") as error:
            choose(bundle("torch"), wanted)
    assert f"this Python ({sys.executable}) lacks torch, transformers, tokenizers; installing it" in str(error.value)


@pytest.mark.parametrize(
    ("engines", "engine", "device", "words"),
    [
        (("numpy", "torch"), "torch", "auto", "the torch engine was asked for.*lacks torch.*GB"),
        (("numpy", "torch"), "numpy", "cuda", "numpy engine runs on the processor, not on device 'cuda'"),
        (("numpy", "torch"), "auto", "cuda", "device 'cuda' needs the torch engine.*lacks torch"),
        (("numpy",), "torch", "auto", "runs on numpy, not on torch$"),
        (("numpy",), "auto", "cuda", "runs on the processor alone, not on device 'cuda'$"),
        (("numpy",), "abacus", "auto", "no engine 'abacus'; there are auto, numpy, torch"),
    ],
)
def test_what_cannot_be_is_said(torch_at, engines, engine, device, words):
    torch_at(None)
    with pytest.raises(EngineError, match=words):
        choose(bundle(*engines), engine, device)


def test_a_bundle_for_engines_of_the_future_is_the_bundles_fault(torch_at):
    torch_at(None)
    with pytest.raises(BundleError, match="runs on abacus; this version has numpy, torch"):
        choose(bundle("abacus"))


def test_torch_without_its_companions_is_no_engine(monkeypatch):
    here = {"torch": ModuleSpec("torch", None, origin="/x/torch/__init__.py")}
    here["transformers"] = ModuleSpec("transformers", None)  # an empty folder that an uninstall left
    monkeypatch.setattr("importlib.util.find_spec", here.get)
    assert usable() == ("numpy",) and choose(bundle("numpy", "torch", size=2**30)).name == "numpy"
    with pytest.raises(EngineError, match="lacks transformers, tokenizers; pip install transformers tokenizers$"):
        choose(bundle("numpy", "torch"), "torch")


def test_a_bundle_on_a_base_runs_on_torch_with_peft_whatever_it_says(monkeypatch):
    here = {name: ModuleSpec(name, None, origin=f"/x/{name}/__init__.py") for name in ADAPTER_NEEDS}
    monkeypatch.setattr("importlib.util.find_spec", here.get)
    for engines in (("torch",), ("numpy", "torch"), ("numpy",)):
        assert choose(bundle(*engines, base=True)).name == "torch"
    with pytest.raises(EngineError, match="bundle one runs on torch, not on numpy"):
        choose(bundle("numpy", base=True), "numpy")
    del here["peft"]
    assert choose(bundle("torch")).name == "torch" and usable() == ("numpy", "torch")
    with pytest.raises(EngineError, match=r"runs on torch only, and this Python .* lacks peft; pip install peft$"):
        choose(bundle("torch", base=True))


def test_a_bundle_without_a_task_is_the_bundles_fault(torch_at):
    torch_at()
    with pytest.raises(BundleError, match="bundle one has no task"):
        choose(bundle("numpy", tasks=()))
