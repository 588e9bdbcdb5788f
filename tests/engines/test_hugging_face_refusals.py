"""Bundles on a base whose parts do not belong together are refused: each error says which part and why."""

import json
import pickle

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from safetensors.torch import load as tensors_of  # noqa: E402
from safetensors.torch import save  # noqa: E402

from backend import engines  # noqa: E402
from backend.bundles import BundleError  # noqa: E402
from backend.engines.files import ADAPTER, ADAPTER_CONFIG, TEXT_TOKENIZER, WHOLE, WHOLE_CONFIG  # noqa: E402
from backend.engines.hugging_face import network  # noqa: E402
from tests import tiny_base, tiny_based  # noqa: E402

CPU = torch.device("cpu")


def settings(**changes):
    def change(files):
        files[ADAPTER_CONFIG] = json.dumps(json.loads(files[ADAPTER_CONFIG]) | changes).encode()

    return change


def tensors(change):
    def edit(files):
        found = tensors_of(files[ADAPTER])
        change(found)
        files[ADAPTER] = save(found)

    return edit


def first(found, part="lora_A"):
    return next(name for name in sorted(found) if part in name)


BAD = {
    "no adapter": (lambda f: f.pop(ADAPTER), "holds no adapter_model.safetensors"),
    "a pickle": (
        lambda f: f.update({ADAPTER: pickle.dumps({"x": 1})}),
        "adapter_model.safetensors is not a safetensors",
    ),
    "settings that are none": (lambda f: f.update({ADAPTER_CONFIG: b"{"}), "adapter_config.json is not JSON"),
    "settings that are a list": (lambda f: f.update({ADAPTER_CONFIG: b"[]"}), "an adapter of the kind [], accepted is"),
    "another kind": (settings(peft_type="IA3"), "an adapter of the kind 'IA3', accepted is 'LORA'"),
    "another sum": (settings(use_dora=True), "'use_dora' is True, which is not done here"),
    "more modules": (settings(modules_to_save=["lm_head"]), "'modules_to_save' is ['lm_head'], which is not done here"),
    "unknown": (settings(future_lora={"x": 1}), "'future_lora' is {'x': 1}, which is not done here"),
    "no such rank": (settings(r=-1), "does not fit a LlamaForCausalLM"),
    "no such layers": (settings(target_modules=["c_attn"]), "does not fit a LlamaForCausalLM"),
    "rows of the base": (
        settings(trainable_token_indices={"embed_tokens": [3], "lm_head": [3]}),
        "must name the 101 added tokens, 296 and on, for the embedding and the head; found",
    ),
    "rows of the embedding alone": (
        settings(trainable_token_indices=list(range(296, 397))),
        "for the embedding and the head; found",
    ),
    "no rows": (settings(trainable_token_indices=None), "must name the 101 added tokens"),
    "another rank": (settings(r=5), "was made for another base model: tensor"),
    "fewer layers": (
        tensors(lambda found: [found.pop(name) for name in list(found) if ".layers.1." in name]),
        "has the shape none, this base needs",
    ),
    "more layers": (
        tensors(lambda found: found.update({first(found).replace("layers.0", "layers.7"): torch.ones(1)})),
        "has the shape 1, this base needs none",
    ),
    "another width": (
        tensors(lambda found: found.update({first(found): torch.ones(4, 64)})),
        "has the shape 4 x 64, this base needs 4 x 48",
    ),
    "NaN": (
        tensors(lambda found: found.update({first(found): found[first(found)] * torch.nan})),
        "has values that are not finite",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_an_adapter_that_does_not_fit_is_refused(build, kind):
    change, reason = BAD[kind]
    refused(lambda: build(change), "bundle 'odd'", reason)


def refused(load, *words):
    with pytest.raises(BundleError) as error:
        load()
    assert all(word in str(error.value) for word in words), str(error.value)
    assert len(str(error.value)) < 400


def test_parts_of_the_manifest_that_were_not_made_for_each_other(build, llama, tmp_path):
    words = tiny_based.vocabulary(200).to_dict()
    refused(lambda: build(vocabulary=words), "the base model has 296 tokens and config.vocabulary counts 200")
    digest = {"sha256": "0" * 64, "bos": 0, "eos": 1, "pad": 1}
    (tmp_path / "odd").rename(tmp_path / "first")
    refused(lambda: build(text_tokenizer=digest), TEXT_TOKENIZER, "the language model was trained with another")
    (tmp_path / "odd").rename(tmp_path / "second")
    refused(lambda: build(base_model={"id": "x"}), "config.base_model: expected id, revision, fingerprint")


def test_another_base_is_refused(adapter, llama, tmp_path):
    bundle = tiny_based.build(tmp_path / "b", llama, kept=adapter)
    other = tiny_base.write(tmp_path / "other", "llama", seed=1)
    refused(lambda: engines.create(bundle, base=other), "its fingerprint is", "trained on llama with")
    refused(lambda: engines.create(bundle), "base model llama is not on this machine; name its folder")


def test_weights_that_are_not_those_of_the_config(llama, tmp_path):
    base = tiny_base.write(tmp_path / "gpt2", "gpt2")
    kept = tiny_based.files(network.load(base, torch.float32, CPU, {}), base)
    deeper = json.loads(kept[WHOLE_CONFIG]) | {"n_layer": 3}
    cases = (
        ({WHOLE_CONFIG: json.dumps(deeper).encode()}, "lacks the weights of transformer.h.2"),
        ({WHOLE_CONFIG: json.dumps(deeper | {"model_type": "abacus"}).encode()}, "cannot be loaded"),
        ({WHOLE: b"x" * 100}, "is not a safetensors file"),
        ({ADAPTER_CONFIG: b"{}"}, "holds an adapter"),
    )
    for i, (change, reason) in enumerate(cases):
        bundle = tiny_based.build(tmp_path / f"b{i}", base, "alpaca_digits", kept | change)
        refused(lambda bundle=bundle: engines.create(bundle, device="cpu"), reason)
