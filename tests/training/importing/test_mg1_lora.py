"""MotionGPT 1's LoRA: the same logits in transformers as in the published layout, and the published shapes."""

import json
import math

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from safetensors.torch import load_file  # noqa: E402

from tests.training.importing import lit_llama  # noqa: E402
from training.importing import mg1_lora, writing  # noqa: E402

SIZES = lit_llama.Sizes()
TINY = mg1_lora.Base("tiny", "nowhere/tiny", SIZES.width, SIZES.layers, SIZES.heads, SIZES.rank, SIZES.alpha)
WORDS = torch.tensor([[3, 14, 15, 9, 26, 5, 35, 8], [1, 1, 2, 3, 5, 8, 13, 21]])
NAMES = {
    "self_attn.o_proj": "attn.c_proj", "mlp.gate_proj": "mlp.c_fc1", "mlp.up_proj": "mlp.c_fc2",
    "mlp.down_proj": "mlp.c_proj",
}  # fmt: skip


@pytest.fixture(scope="module")
def published():
    """Base weights and LoRA in lit-llama's layout."""
    torch.manual_seed(0)
    return lit_llama.base(SIZES), lit_llama.lora(SIZES)


@pytest.fixture
def llama(published):
    """transformers' LLaMA with the base weights; each head's rows of q and k stand even ones first."""
    config = transformers.LlamaConfig(
        vocab_size=SIZES.words, hidden_size=SIZES.width, intermediate_size=SIZES.hidden, rms_norm_eps=1e-5,
        num_hidden_layers=SIZES.layers, num_attention_heads=SIZES.heads, num_key_value_heads=SIZES.heads,
        tie_word_embeddings=False,
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config).eval()
    weights, head = published[0], SIZES.width // SIZES.heads
    order = [h * head + row for h in range(SIZES.heads) for row in (*range(0, head, 2), *range(1, head, 2))]
    state = {
        "model.embed_tokens.weight": weights["transformer.wte.weight"],
        "model.norm.weight": weights["transformer.ln_f.scale"],
        "lm_head.weight": weights["lm_head.weight"],
    }
    for i in range(SIZES.layers):
        ours, theirs = f"model.layers.{i}.", f"transformer.h.{i}."
        q, k, v = weights[f"{theirs}attn.c_attn.weight"].chunk(3)
        for name, matrix in {"q": q[order], "k": k[order], "v": v}.items():
            state[f"{ours}self_attn.{name}_proj.weight"] = matrix
        state |= {f"{ours}{name}.weight": weights[f"{theirs}{other}.weight"] for name, other in NAMES.items()}
        state[f"{ours}input_layernorm.weight"] = weights[f"{theirs}rms_1.scale"]
        state[f"{ours}post_attention_layernorm.weight"] = weights[f"{theirs}rms_2.scale"]
    model.load_state_dict(state)
    return model


@pytest.fixture(scope="module")
def folder(published, tmp_path_factory):
    """The adapter's folder."""
    folder = tmp_path_factory.mktemp("lora")
    torch.save(published[1], folder / "pretrained.pth")
    imported = mg1_lora.convert(published[1], [TINY])
    assert imported.left_out[0] == "llama_proj.weight (32 x 512)" and len(imported.left_out) == 4
    writing.write(folder / "out", "mg1-lora", folder / "pretrained.pth", imported)
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


def test_without_the_order_of_rows_it_would_be_another_model(llama, published, tmp_path, monkeypatch):
    monkeypatch.setattr(mg1_lora, "half_split", lambda rows, heads: rows)
    torch.save(published[1], tmp_path / "pretrained.pth")
    writing.write(tmp_path / "out", "mg1-lora", tmp_path / "pretrained.pth", mg1_lora.convert(published[1], [TINY]))
    merge(llama, tmp_path / "out")
    assert difference(llama, published) > 0.1


def test_rows_of_a_head_stand_even_ones_first():
    assert mg1_lora.half_split(torch.arange(12), 2).tolist() == [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]


@pytest.mark.parametrize(
    "base, lora_a, lora_b, count, saved",
    [
        (mg1_lora.BASES[0], (128, 4096), (8192, 64), 33_554_432, 37_753_344),
        (mg1_lora.BASES[1], (128, 5120), (10240, 64), 52_428_800, 57_677_312),
    ],
)
def test_the_published_sizes(base, lora_a, lora_b, count, saved):
    shapes = base.tensors()
    assert shapes["transformer.h.0.attn.c_attn.lora_A"] == lora_a
    assert shapes[f"transformer.h.{base.layers - 1}.attn.c_attn.lora_B"] == lora_b
    assert sum(map(math.prod, shapes.values())) == count
    assert sum(map(math.prod, (shapes | base.unused()).values())) == saved


def test_the_shape_tells_7b_from_13b_and_peft_takes_its_adapter():
    peft = pytest.importorskip("peft")
    base = mg1_lora.BASES[0]
    found = {name: torch.ones(1, shape[1]).expand(shape) for name, shape in base.tensors().items()}
    imported = mg1_lora.convert(found)
    assert imported.facts["base_model"]["name"] == "LLaMA-7B" and not imported.left_out
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
def test_what_does_not_fit_is_named(change, says, published):
    found = {name: value for name, value in (published[1] | change).items() if value is not None}
    with pytest.raises(ValueError) as caught:
        mg1_lora.convert(found, [TINY])
    assert says in str(caught.value)
