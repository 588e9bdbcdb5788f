"""MotionGPT 1's LoRA: the same logits in transformers as in the published layout, and the published shapes."""

import json
import math

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from safetensors.torch import load_file  # noqa: E402

from backend import bundles  # noqa: E402
from backend.engines.base_model import BaseModel  # noqa: E402
from backend.systems import prompts  # noqa: E402
from tests import tiny_bundle  # noqa: E402
from tests.training.importing import lit_llama  # noqa: E402
from training.importing import bundling, llama1, mg1_lora  # noqa: E402
from training.importing.imported import Options  # noqa: E402

SIZES = lit_llama.Sizes()
TINY = llama1.Base("tiny", "nowhere/tiny", SIZES.width, SIZES.layers, SIZES.heads, SIZES.rank, SIZES.alpha, SIZES.words)
WORDS = torch.tensor([[3, 14, 15, 9, 26, 5, 35, 8], [1, 1, 2, 3, 5, 8, 13, 21]])


@pytest.fixture(scope="module")
def published():
    """Base weights and LoRA in lit-llama's layout."""
    torch.manual_seed(0)
    return lit_llama.base(SIZES), lit_llama.lora(SIZES)


@pytest.fixture
def llama(published):
    """transformers' LLaMA with the base weights; each head's rows of q and k stand even ones first."""
    return lit_llama.converted(SIZES, published[0], rms_norm_eps=1e-5)


@pytest.fixture(scope="module")
def options(vq_bundle):
    return Options(tokenizer_bundle=vq_bundle[1])


@pytest.fixture(scope="module")
def folder(published, options, tmp_path_factory):
    """The bundle."""
    return imported(published[1], options, tmp_path_factory.mktemp("lora"))


def imported(found, options, folder):
    torch.save(found, folder / "pretrained.pth")
    became = mg1_lora.convert(found, options, [TINY])
    assert became.left_out[0] == "llama_proj.weight (32 x 512)" and len(became.left_out) == 4
    bundling.write(folder / "out", "mg1-lora", folder / "pretrained.pth", became)
    return folder / "out"


def merge(model, folder):
    """What PEFT computes, without PEFT: alpha / r times B A on top of each matrix."""
    config, tensors = json.loads((folder / "adapter_config.json").read_text()), load_file(folder / mg1_lora.ADAPTER)
    for name in {name.rsplit(".lora_", 1)[0] for name in tensors}:
        a, b = (tensors[f"{name}.lora_{half}.weight"] for half in "AB")
        layer = model.get_submodule(name.removeprefix("base_model.model."))
        layer.weight.data += config["lora_alpha"] / config["r"] * b @ a


def difference(model, published) -> float:
    with torch.no_grad():
        return float((model(WORDS).logits - lit_llama.logits(SIZES, *published, WORDS)).abs().max())


def test_logits_are_those_of_the_published_layout(llama, published, folder):
    assert difference(llama, published) > 0.1  # the base alone
    merge(llama, folder)
    assert difference(llama, published) < 2e-5


def test_peft_reads_the_adapter(llama, published, folder):
    peft = pytest.importorskip("peft")
    adapted = peft.PeftModel.from_pretrained(llama, folder, local_files_only=True)
    assert difference(adapted, published) < 2e-5
    theirs = peft.get_peft_model_state_dict(adapted, save_embedding_layers=False)  # else it asks the hub
    ours = load_file(folder / mg1_lora.ADAPTER)
    assert set(theirs) == set(ours) and all(torch.equal(theirs[name], ours[name]) for name in ours)


def test_without_the_order_of_rows_it_would_be_another_model(llama, published, options, tmp_path, monkeypatch):
    monkeypatch.setattr(mg1_lora, "half_split", lambda rows, heads: rows)
    merge(llama, imported(published[1], options, tmp_path))
    assert difference(llama, published) > 0.1


def test_rows_of_a_head_stand_even_ones_first():
    assert mg1_lora.half_split(torch.arange(12), 2).tolist() == [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]


@pytest.mark.parametrize(
    "base, lora_a, lora_b, count, saved",
    [
        (llama1.BASES[0], (128, 4096), (8192, 64), 33_554_432, 37_753_344),
        (llama1.BASES[1], (128, 5120), (10240, 64), 52_428_800, 57_677_312),
    ],
)
def test_the_published_sizes(base, lora_a, lora_b, count, saved):
    shapes = base.tensors()
    assert shapes["transformer.h.0.attn.c_attn.lora_A"] == lora_a
    assert shapes[f"transformer.h.{base.layers - 1}.attn.c_attn.lora_B"] == lora_b
    assert sum(map(math.prod, shapes.values())) == count
    assert sum(map(math.prod, (shapes | base.unused()).values())) == saved


def test_the_shape_tells_7b_from_13b_and_peft_takes_its_adapter(options):
    peft = pytest.importorskip("peft")
    base = llama1.BASES[0]
    found = {name: torch.ones(1, shape[1]).expand(shape) for name, shape in base.tensors().items()}
    imported = mg1_lora.convert(found, options)
    said = imported.bundle["config"]["base_model"]
    assert (said["id"], said["rows"]) == ("huggyllama/llama-7b", 32000) and not imported.left_out
    config = peft.LoraConfig(**imported.documents["adapter_config.json"])
    with torch.device("meta"):
        llama = transformers.LlamaForCausalLM(transformers.LlamaConfig(hidden_size=base.width))
        theirs = peft.get_peft_model_state_dict(peft.get_peft_model(llama, config), save_embedding_layers=False)
    ours = imported.tensors[mg1_lora.ADAPTER]
    assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in theirs.items()}


@pytest.mark.parametrize(
    "change, says",
    [
        (
            {"transformer.h.1.attn.c_attn.lora_B": None},
            "'transformer.h.1.attn.c_attn.lora_B' of shape 64 x 4 is missing",
        ),
        ({"transformer.h.0.attn.c_attn.lora_A": None}, "this is no LoRA of lit-llama's layout"),
        ({"transformer.h.0.attn.c_attn.lora_A": torch.ones(8, 40)}, "has shape 8 x 40, published are 8 x 32 (tiny)"),
        ({"transformer.h.1.attn.c_attn.lora_A": torch.ones(8, 40)}, "has shape 8 x 40, wanted is 8 x 32"),
        ({"transformer.h.2.attn.c_attn.lora_A": torch.ones(8, 32)}, "does not belong there"),
        ({"transformer.wte.weight": torch.ones(50, 32)}, "'transformer.wte.weight' does not belong there"),
        ({"transformer.h.0.attn.c_attn.lora_B": torch.full((64, 4), torch.nan)}, "are not finite"),
        ({"epoch": 3}, "'epoch' is a value of type int"),
    ],
)
def test_what_does_not_fit_is_named(change, says, published, options):
    found = {name: value for name, value in (published[1] | change).items() if value is not None}
    with pytest.raises(ValueError) as caught:
        mg1_lora.convert(found, options, [TINY])
    assert says in str(caught.value)


def test_the_bundle_says_how_it_is_asked_and_on_what_it_runs(folder):
    bundle = bundles.load(folder)
    assert (bundle.system, bundle.engines) == ("motiongpt", ("torch",))
    assert bundle.tasks == ("text_to_motion", *prompts.POSE_TASKS)
    assert prompts.of_bundle(bundle).name == "alpaca_digits" and bundle.features["codec"] == "humanml263"
    assert bundle.config["base_model"] == {
        "id": "nowhere/tiny", "revision": "", "fingerprint": "", "architecture": "LlamaForCausalLM", "rows": 50,
        "overrides": {"rms_norm_eps": 1e-5},
    }  # fmt: skip
    assert "the base is not checked" in bundle.file("MODEL_CARD.md").read_text()


def test_another_motion_tokenizer_is_refused(published, tmp_path):
    folder = tiny_bundle.build(tmp_path / "b", codec="humanml263").path
    with pytest.raises(ValueError, match="bundle tiny is no import of --kind t2mgpt-vq"):
        mg1_lora.convert(published[1], Options(tokenizer_bundle=folder), [TINY])


@pytest.mark.parametrize("overrides", [{"hidden_size": 0.5}, {"rms_norm_eps": 1}, {"rms_norm_eps": "1e-5"}, 3])
def test_no_more_of_a_base_can_be_overridden(overrides, folder):
    said = bundles.load(folder).config["base_model"]
    assert BaseModel.from_dict(said).overrides == {"rms_norm_eps": 1e-5}
    with pytest.raises(ValueError, match="overrides"):
        BaseModel.from_dict(said | {"overrides": overrides})
