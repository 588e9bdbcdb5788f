"""Decoding step by step with a static cache against the model's own forward over the whole text."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from backend.engines.torch_decoding import Decoder, llama_step  # noqa: E402
from backend.engines.torch_decoding.head import restricted  # noqa: E402

SIZE, POSITIONS = 61, 96
SMALL = {
    "vocab_size": SIZE, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": POSITIONS, "bos_token_id": None, "eos_token_id": None,
    "pad_token_id": None, "initializer_range": 0.3,
}  # fmt: skip
CAUSAL = {
    "llama": lambda: transformers.LlamaForCausalLM(transformers.LlamaConfig(**SMALL, head_dim=32)),
    "llama as 3.1 turns it, tied, with biases": lambda: transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            **SMALL,
            head_dim=10,
            attention_bias=True,
            mlp_bias=True,
            tie_word_embeddings=True,
            rope_parameters={
                "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": 32,
            },
        )  # fmt: skip
    ),
    "qwen2": lambda: transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**SMALL)),
    "mistral": lambda: transformers.MistralForCausalLM(transformers.MistralConfig(**SMALL)),
    "gpt2": lambda: transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=SIZE, n_embd=32, n_layer=3, n_head=4, n_positions=POSITIONS, initializer_range=0.3,
            bos_token_id=None, eos_token_id=None,
        )
    ),
    "gemma2 with its capped logits": lambda: transformers.Gemma2ForCausalLM(
        transformers.Gemma2Config(**SMALL, head_dim=8, sliding_window=POSITIONS, final_logit_softcapping=2.0)
    ),
    "gemma3": lambda: transformers.Gemma3ForCausalLM(
        transformers.Gemma3TextConfig(**SMALL, head_dim=8, sliding_window=POSITIONS)
    ),
    "qwen3": lambda: transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**SMALL, head_dim=8)),
    "phi3, its positions turned by the length": lambda: transformers.Phi3ForCausalLM(
        transformers.Phi3Config(
            **SMALL,
            original_max_position_embeddings=64,
            rope_parameters={
                "rope_type": "longrope", "rope_theta": 10000.0, "partial_rotary_factor": 1.0,
                "short_factor": [1.0] * 4, "long_factor": [2.0] * 4, "original_max_position_embeddings": 64,
            },
        )  # fmt: skip
    ),
}  # fmt: skip
FUSED = ("llama", "llama as 3.1 turns it, tied, with biases", "qwen2", "mistral")
ALLOWED = [40, 7, 8, 9, 60, 3]
PROMPTS = [[5, 9, 8, 7, 3], [1], [5, 9, 8, 7, 3], [2, 60, 4]]
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA"))]


def build(name, device="cpu"):
    """A random model whose biases are not zero, as the classes leave them."""
    torch.manual_seed(1)
    model = CAUSAL[name]().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter += 0.2 * torch.randn_like(parameter)
    return model.to(device)


@torch.inference_mode()
def whole(model, tokens):
    """The logits (V,) after a text, by the model's own forward over all of it."""
    return (
        model(input_ids=torch.tensor([tokens], device=model.device), use_cache=False)
        .logits[0, -1]
        .float()
        .cpu()
        .numpy()
    )


def follow(decoder, prompts, allowed, steps, seed=0):
    """The logits of every step (steps + 1, B, n) and the texts that were appended to."""
    random, texts = np.random.default_rng(seed), [list(p) for p in prompts]
    logits, state = decoder.start(prompts, allowed, steps)
    found = [logits]
    for _ in range(steps):
        tokens = random.integers(0, SIZE, len(prompts))
        found.append(decoder.step(state, tokens))
        for text, token in zip(texts, tokens):
            text.append(int(token))
    return np.stack(found), texts


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", CAUSAL)
def test_every_row_and_step_as_the_models_own_forward(name, device):
    model = build(name, device)
    original = [whole(model, p) for p in PROMPTS]
    decoder = Decoder(model)
    found, texts = follow(decoder, PROMPTS, ALLOWED, 20)
    assert found.shape == (21, 4, len(ALLOWED)) and found.dtype == np.float32
    assert np.abs(found).max() > 0.1
    within = 1e-5 if device == "cpu" else 1e-4
    for row, text in enumerate(texts):
        for step in range(21):
            expected = whole(model, text[: len(PROMPTS[row]) + step])[ALLOWED]
            assert np.allclose(found[step, row], expected, atol=within * max(1, np.abs(expected).max()))
    for prompt, before in zip(PROMPTS, original):
        assert np.allclose(whole(model, prompt), before, atol=1e-6), "the model is what it was"


@pytest.mark.parametrize("name", CAUSAL)
def test_which_models_are_decoded_by_the_fused_step(name):
    assert llama_step.fits(build(name)) == (name in FUSED)


def test_an_adapter_in_the_model_is_not_passed_over():
    class Adapted(torch.nn.Linear):
        def forward(self, x):
            return super().forward(x) + 1

    model = build("llama")
    model.model.layers[1].mlp.up_proj.__class__ = Adapted
    assert not llama_step.fits(model)
    found, texts = follow(Decoder(model), [[4, 5]], ALLOWED, 3)
    assert np.allclose(found[-1, 0], whole(model, texts[0])[ALLOWED], atol=1e-5)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_bfloat16_is_as_near_to_float32_as_the_models_own_forward(name, device):
    exact, model = build(name, device), build(name, device).bfloat16()
    found, texts = follow(Decoder(model), PROMPTS, ALLOWED, 20)
    expected = np.stack([whole(exact, text) for text in texts])[:, ALLOWED]
    theirs = np.stack([whole(model, text) for text in texts])[:, ALLOWED]
    assert np.linalg.norm(found[-1] - expected) < 1.5 * np.linalg.norm(theirs - expected)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_a_take_alone_is_the_take_among_others(name, device):
    decoder = Decoder(build(name, device))
    random = np.random.default_rng(3)
    tokens = random.integers(0, SIZE, (8, 4))

    def rows(which):
        logits, state = decoder.start([PROMPTS[i] for i in which], ALLOWED, len(tokens))
        return np.stack([logits] + [decoder.step(state, row[which]) for row in tokens])

    together = rows([0, 1, 2, 3])
    for i in range(4):
        assert np.allclose(rows([i])[:, 0], together[:, i], atol=1e-5 if device == "cpu" else 1e-4)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_the_same_once_more_and_after_other_answers(name, device):
    decoder = Decoder(build(name, device))
    first, _ = follow(decoder, PROMPTS, ALLOWED, 10)
    follow(decoder, [[3, 3, 3, 3, 3, 3, 3], [4], [5], [6]], ALLOWED, 9, seed=1)
    follow(decoder, [[3, 2, 1]], range(SIZE), 70, seed=2)
    again, _ = follow(decoder, PROMPTS, ALLOWED, 10)
    assert np.array_equal(first, again)


def test_what_a_broken_answer_left_is_not_seen():
    decoder = Decoder(build("llama"))
    first, _ = follow(decoder, [[4, 5, 6]], ALLOWED, 4)
    with torch.inference_mode():
        for kept in (tensor for pair in decoder._plan._step._cache for tensor in pair):
            kept.fill_(torch.nan)
    again, _ = follow(decoder, [[4, 5, 6]], ALLOWED, 4)
    assert np.array_equal(first, again)


@pytest.mark.parametrize("name", ["llama", "gpt2"])
@pytest.mark.parametrize("allowed", [range(SIZE), range(9, 30), [60], [3, 2, 1]])
def test_rows_are_those_of_all_logits(name, allowed):
    decoder = Decoder(build(name))
    every, _ = follow(decoder, PROMPTS, range(SIZE), 5)
    some, _ = follow(decoder, PROMPTS, allowed, 5)
    assert np.allclose(every[..., list(allowed)], some, atol=1e-6)


def test_neighbouring_rows_are_not_copied_and_the_model_keeps_its_head():
    model = build("llama")
    head = model.lm_head
    few = restricted(model, range(5, 9))
    assert few.lm_head.weight.untyped_storage().data_ptr() == head.weight.untyped_storage().data_ptr()
    assert few.lm_head.weight.shape == (4, 32) and model.lm_head is head and few.model is model.model


def test_the_weights_are_held_once():
    model = build("qwen2")
    attention, mlp = model.model.layers[0].self_attn, model.model.layers[0].mlp
    Decoder(model)
    for together in ((attention.q_proj, attention.k_proj, attention.v_proj), (mlp.gate_proj, mlp.up_proj)):
        storages = [m.weight.untyped_storage() for m in together]
        assert len({s.data_ptr() for s in storages}) == 1
        assert storages[0].nbytes() == 4 * sum(m.weight.numel() for m in together)


def test_one_trace_of_each_part_serves_all_layers():
    torch.compiler.reset()  # what other tests compiled of these parts would be used again, or count against them
    model, traced = build("llama"), []

    def backend(graph, inputs):
        traced.append(graph)
        return graph.forward

    step = llama_step.LlamaStep(model, llama_step.layers_of(model), 1, 64)
    for part in ("enter", "mlp"):
        compiled = torch.compile(getattr(llama_step, part), fullgraph=True, backend=backend)
        setattr(step, f"_{part}", compiled)
    zero, seen = torch.zeros(1, dtype=torch.long), torch.zeros(1, 1, 1, 64)
    with torch.inference_mode():
        step(zero, zero, zero, seen)
    assert len(traced) == 3, "the head is one more"


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_the_last_place_can_be_used_and_no_more(name):
    decoder = Decoder(build(name))
    assert decoder.longest == POSITIONS
    found, texts = follow(decoder, [[1, 2, 3, 4]], ALLOWED, POSITIONS - 4)
    assert len(texts[0]) == POSITIONS
    assert np.allclose(found[-1, 0], whole(decoder._model, texts[0])[ALLOWED], atol=1e-5)
    with pytest.raises(ValueError, match=f"4 tokens and 93 more were asked for, {POSITIONS} is the most"):
        decoder.start([[1, 2, 3, 4]], ALLOWED, POSITIONS - 3)


def test_a_window_that_slides_is_a_limit_too():
    config = transformers.MistralConfig(**SMALL, sliding_window=16)
    decoder = Decoder(transformers.MistralForCausalLM(config))
    assert decoder.longest == 16
    with pytest.raises(ValueError, match="16 is the most"):
        decoder.start([[1, 2]], ALLOWED, 15)


def test_steps_beyond_those_asked_for_are_refused():
    decoder = Decoder(build("llama"))
    _, state = decoder.start([[1]], ALLOWED, 1)
    decoder.step(state, np.array([2]))
    with pytest.raises(ValueError, match="no place is left in the cache: start with more steps"):
        decoder.step(state, np.array([2]))


def test_answers_that_a_later_start_replaced_are_refused():
    decoder = Decoder(build("llama"))
    _, old = decoder.start([[1]], ALLOWED, 5)
    decoder.start([[1]], ALLOWED, 5)
    with pytest.raises(ValueError, match="a later start took their cache"):
        decoder.step(old, np.array([2]))


@pytest.mark.parametrize("prompts", [[], [[1], []]])
def test_nothing_to_read_is_refused(prompts):
    with pytest.raises(ValueError, match="every prompt needs at least one token"):
        Decoder(build("llama")).start(prompts, ALLOWED, 5)


@pytest.mark.parametrize("allowed", [[], [1, 1], [-1, 3], [0, SIZE]])
def test_rows_that_are_none_are_refused(allowed):
    with pytest.raises(ValueError, match=f"different ids from 0 to {SIZE - 1}"):
        Decoder(build("llama")).start([[1]], allowed, 5)


@pytest.mark.parametrize("tokens", [[SIZE], [-1], [1, 2], [[1]]])
def test_tokens_that_are_none_are_refused(tokens):
    decoder = Decoder(build("llama"))
    _, state = decoder.start([[1]], ALLOWED, 5)
    with pytest.raises(ValueError, match="the model has the tokens 0 to 60|one token for each of the 1 rows"):
        decoder.step(state, np.array(tokens))
    with pytest.raises(ValueError, match="the model has the tokens 0 to 60"):
        decoder.start([[1, SIZE]], ALLOWED, 5)


def test_models_with_other_layers_are_refused():
    model = build("llama")
    model.config.layer_types = ["full_attention", "linear_attention", "full_attention"]
    with pytest.raises(ValueError, match="only layers of attention"):
        Decoder(model)


def test_a_way_to_attend_that_takes_no_mask_is_refused():
    model = build("llama")
    model.config._attn_implementation = "flex_attention"
    with pytest.raises(ValueError, match="load it with attn_implementation='sdpa'"):
        Decoder(model)


def test_a_model_on_two_devices_is_refused():
    model = build("llama")
    model.model.layers[2].to("meta")
    with pytest.raises(ValueError, match="spread over cpu, meta; load all of it on one device"):
        Decoder(model)


def test_a_model_with_an_encoder_is_refused():
    config = transformers.T5Config(vocab_size=SIZE, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    with pytest.raises(ValueError, match="only a decoder alone"):
        Decoder(transformers.T5ForConditionalGeneration(config))
