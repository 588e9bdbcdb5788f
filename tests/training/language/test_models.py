import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
peft = pytest.importorskip("peft")

import transformers  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

from backend.engines import base_model  # noqa: E402
from tests import tiny_base  # noqa: E402
from tests import tiny_language_run as tiny  # noqa: E402
from training import checkpoint  # noqa: E402
from training.language import hugging_face, lora, whole  # noqa: E402
from training.language.examples import IGNORED, Example, batch  # noqa: E402
from training.language.lora import LoRA  # noqa: E402

DECODERS = [kind for kind in tiny_base.KINDS if kind != "t5"]


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    """Folder of a tiny base of each kind."""
    folder = tmp_path_factory.mktemp("bases")
    return {kind: tiny_base.write(folder / kind, kind) for kind in tiny_base.KINDS}


@pytest.mark.parametrize("kind", DECODERS)
def test_logits_are_computed_where_there_are_targets_and_are_those_of_the_model(bases, kind):
    network = tiny.on_base(bases[kind]).eval()
    some = batch(tiny.rows(0), 0)
    everywhere = network.model(input_ids=some.ids).logits
    assert everywhere.shape[-1] == network.about.rows + 6
    assert torch.equal(network(some), everywhere[some.targets != IGNORED])


def test_small_logits_are_those_of_the_model():
    network, some = tiny.small().eval(), batch(tiny.rows(0), 0)
    assert torch.allclose(network(some), network.language(some.ids)[some.targets != IGNORED], atol=1e-6)


def test_an_encoder_reads_the_prompt_and_a_decoder_writes_the_answer(bases):
    network = tiny.on_base(bases["t5"], lora=None).eval()
    rows = [Example(row.ids, row.targets, int((row.targets == IGNORED).sum()) + 1) for row in tiny.rows(0)]
    got, row_by_row = network(batch(rows, 0)), []
    for row in rows:
        prompt, answer = torch.from_numpy(row.ids[: row.border]), torch.from_numpy(row.ids[row.border :])
        started = torch.cat([torch.tensor([network.config.decoder_start_token_id]), answer])
        row_by_row.append(network.model(input_ids=prompt[None], decoder_input_ids=started[None]).logits[0])
    assert torch.allclose(got, torch.cat(row_by_row), atol=1e-4)
    with pytest.raises(ValueError, match="encoder-decoder.*'lora': null"):
        tiny.on_base(bases["t5"])


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("tied", [True, False])
def test_adapters_and_new_rows_are_trained_and_kept_and_nothing_else(tmp_path, kind, tied):
    base = tiny_base.write(tmp_path / "base", kind, tied=tied)
    network = tiny.on_base(base)
    before = {name: weight.clone() for name, weight in network.named_parameters()}
    tiny.trainer(tmp_path / "run", tiny.config(steps=3, warmup=0.0), network).train()
    for name, weight in network.named_parameters():
        assert torch.equal(weight, before[name]) != weight.requires_grad, name
    tensors, meta = checkpoint.load_weights(tmp_path / "run")
    assert sum(t.numel() for t in tensors.values()) == sum(p.numel() for p in network.parameters() if p.requires_grad)
    rows = [t for name, t in tensors.items() if name.endswith("trainable_tokens_delta")]
    assert len(rows) == (1 if tied else 2) and all(len(t) == 6 for t in rows)
    assert {"lora_A", "lora_B"} <= {part for name in tensors for part in name.split(".")}
    saved = json.loads((tmp_path / "run" / hugging_face.ADAPTER_CONFIG).read_text())
    assert (saved["r"], saved["base_model_name_or_path"]) == (2, "base")


def test_kept_adapters_are_read_by_peft(tmp_path, bases):
    network = tiny.on_base(bases["llama"])
    tiny.trainer(tmp_path, tiny.config(steps=3, average=0.0), network).train()
    (tmp_path / checkpoint.WEIGHTS).rename(tmp_path / "adapter_model.safetensors")
    fresh = transformers.AutoModelForCausalLM.from_pretrained(bases["llama"])
    fresh.resize_token_embeddings(network.about.rows + 6, mean_resizing=False)
    loaded = peft.PeftModel.from_pretrained(fresh, tmp_path).eval()
    some = batch(tiny.rows(0), 0)
    with torch.no_grad():
        assert torch.allclose(
            network.eval()(some), loaded(input_ids=some.ids).logits[some.targets != IGNORED], atol=1e-5
        )


def test_new_rows_are_as_spread_as_the_old(bases):
    network = tiny.on_base(bases["llama"], lora=None, added=400)
    for end in (network.model.get_input_embeddings(), network.model.get_output_embeddings()):
        old, new = end.weight.detach().split([network.about.rows, 400])
        assert float(new.std() / old.std()) == pytest.approx(1, abs=0.05)
    kept = load_file(bases["llama"] / "model.safetensors")["model.embed_tokens.weight"]
    assert torch.equal(network.model.get_input_embeddings().weight[: network.about.rows], kept)


def test_a_base_trained_whole_is_kept_whole_and_is_a_base_again(tmp_path, bases):
    network = tiny.on_base(bases["qwen2"], lora=None)
    tiny.trainer(tmp_path / "run", tiny.config(steps=2, average=0.0), network).train()
    whole.write(tmp_path / "run", bases["qwen2"], tmp_path / "whole")
    about = base_model.describe(tmp_path / "whole")
    assert about.rows == network.about.rows + 6
    again = tiny.on_base(tmp_path / "whole", lora=None, added=0).eval()
    some = batch(tiny.rows(0), 0)
    assert torch.allclose(again(some), network.eval()(some), atol=1e-5)


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_adapters_are_merged_into_a_base_where_that_is_asked_for(tmp_path, bases, kind):
    network = tiny.on_base(bases[kind])
    tiny.trainer(tmp_path / "run", tiny.config(steps=2), network).train()
    whole.write(tmp_path / "run", bases[kind], tmp_path / "whole")
    merged = tiny.on_base(tmp_path / "whole", lora=None, added=0).eval()
    adapted = tiny.on_base(bases[kind]).eval()
    adapted.take(checkpoint.load_weights(tmp_path / "run")[0])
    some = batch(tiny.rows(0), 0)
    assert torch.allclose(merged(some), adapted(some), atol=1e-4)


def test_going_on_with_another_base_is_refused(tmp_path, bases):
    tiny.trainer(tmp_path / "run", tiny.config(steps=1), tiny.on_base(bases["llama"])).train()
    other = tiny_base.write(tmp_path / "llama", "llama", seed=1)
    with pytest.raises(ValueError, match="holds a run of another network.*fingerprint was .*, now it is "):
        tiny.trainer(tmp_path / "run", tiny.config(steps=2), tiny.on_base(other))
    with pytest.raises(ValueError, match="was trained on llama, .* holds another model"):
        whole.write(tmp_path / "run", other, tmp_path / "whole")


def test_queries_and_values_are_found_by_their_names_or_refused(bases):
    asked = LoRA(targets="q_proj,v_proj")
    assert lora.targets(hugging_face.loaded(bases["llama"], torch.float32), asked) == ["q_proj", "v_proj"]
    assert lora.targets(hugging_face.loaded(bases["t5"], torch.float32), asked) == ["q", "v"]
    with pytest.raises(ValueError, match="'lora.targets'.*no layer 'q_proj' of its own.*c_attn.*all-linear"):
        lora.targets(hugging_face.loaded(bases["gpt2"], torch.float32), asked)


@pytest.mark.parametrize(
    ("shape", "adapters", "added", "trained"),
    [
        # MotionGPT-2 says 89 M: 83.9 M of rank 32 on all linear layers, and the rows of some 520 new tokens
        ((128256, 4096, 14336, 32, 32, 8), LoRA(), 520, 83_886_080 + 2 * 520 * 4096),
        # MotionGPT's published 13-B adapters: lora_A (128, 5120) and lora_B (10240, 64) in 40 layers
        ((32000, 5120, 13824, 40, 40, 40), lora.MOTIONGPT, 0, 52_428_800),
    ],
)
def test_the_papers_adapters_have_the_papers_size(shape, adapters, added, trained):
    names = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
             "num_key_value_heads")  # fmt: skip
    config = transformers.LlamaConfig(**dict(zip(names, shape, strict=True)), tie_word_embeddings=False)
    with torch.device("meta"):
        model = transformers.LlamaForCausalLM(config)
        model.resize_token_embeddings(shape[0] + added, mean_resizing=False)
        adapted = lora.adapted(model, adapters, shape[0], added)
    assert sum(p.numel() for p in adapted.parameters() if p.requires_grad) == trained


def test_a_base_that_is_not_here_says_how_to_get_it(tmp_path):
    with pytest.raises(ValueError, match="'base'.*no folder .*house/none.*hf download house/none --revision abc"):
        hugging_face.folder_of("house/none", "abc")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(ValueError, match="holds no weights"):
        hugging_face.loaded(tmp_path, torch.float32)


def test_a_base_in_bfloat16_is_trained_by_weights_in_float32(tmp_path, bases):
    network = tiny.on_base(bases["llama"], half=True)
    before = {name: weight.clone() for name, weight in network.named_parameters()}
    tiny.trainer(tmp_path, tiny.config(steps=2, precision="bf16", warmup=0.0), network).train()
    for name, weight in network.named_parameters():
        assert weight.dtype == (torch.float32 if weight.requires_grad else torch.bfloat16)
        assert torch.equal(weight, before[name]) != weight.requires_grad, name
    assert {t.dtype for t in checkpoint.load_weights(tmp_path)[0].values()} == {torch.float32}
