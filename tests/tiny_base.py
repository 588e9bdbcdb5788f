"""Language models of other houses' kinds, tiny and random, as folders that look like what Hugging Face's hub serves.

tiny_base.write(folder, "llama")     kinds: llama, qwen2, gemma, gpt2, t5
"""

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import processors

from tests import tiny_text

POSITIONS = 256
SPARE_ROWS = {"qwen2": 7}
"""rows of the embedding beyond the tokenizer's tokens, as Qwen's have"""
# the special tokens of each kind: beginning (or None), end, padding, others
SPECIALS = {
    "llama": ("<s>", "</s>", None, ("<unk>",)),
    "qwen2": (None, "<|im_end|>", "<|endoftext|>", ("<|im_start|>",)),
    "gemma": ("<bos>", "<eos>", "<pad>", ()),
    "gpt2": (None, "<|endoftext|>", None, ()),
    "t5": (None, "</s>", "<pad>", ("<unk>",)),
}
FRAMES = {"llama": "<s> $A", "gemma": "<bos> $A", "t5": "$A </s>"}
"""what their tokenizers put around a text"""
KINDS = tuple(SPECIALS)


def write(
    folder: Path, kind: str, texts: Iterable[str] = tiny_text.SENTENCES, tied: bool | None = None, seed: int = 0
) -> Path:
    """Write config.json, model.safetensors and the tokenizer's files; the same seed writes the same numbers. ``tied``:
    whether the head is the embedding; None leaves it as the kind has it."""
    import torch

    bos, eos, pad, others = SPECIALS[kind]
    specials = [token for token in (pad, bos, eos, *others) if token is not None]
    text = tiny_text.train(texts, specials, prefix_space=False)
    if kind in FRAMES:
        used = [(token, text.token_to_id(token)) for token in specials if token in FRAMES[kind]]
        text.post_processor = processors.TemplateProcessing(single=FRAMES[kind], special_tokens=used)
    ids = {"bos_token_id": bos, "eos_token_id": eos, "pad_token_id": pad}
    ids = {name: None if token is None else text.token_to_id(token) for name, token in ids.items()}
    if tied is not None:
        ids["tie_word_embeddings"] = tied
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _model(kind, text.get_vocab_size() + SPARE_ROWS.get(kind, 0), ids)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    if kind == "t5" and not tied:
        _give_head(folder / "model.safetensors")
    text.save(str(folder / "tokenizer.json"))
    named = {"bos_token": bos, "eos_token": eos, "pad_token": pad, "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(named), encoding="utf-8")
    return folder


def _give_head(weights: Path) -> None:
    """T5 1.1 and Flan have a head of their own; transformers' class ties it to the embedding in what it makes anew."""
    from safetensors.numpy import load_file, save_file

    tensors = load_file(weights)
    tensors["lm_head.weight"] = tensors["shared.weight"][::-1].copy()
    save_file(tensors, weights, metadata={"format": "pt"})


def _model(kind: str, rows: int, ids: dict):
    import transformers

    common = {
        "vocab_size": rows, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": POSITIONS,
        "initializer_range": 0.2,
    }  # fmt: skip
    if kind == "llama":
        return transformers.LlamaForCausalLM(transformers.LlamaConfig(**common | ids))
    if kind == "qwen2":
        common.pop("head_dim")
        return transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**{"tie_word_embeddings": True} | common | ids))
    if kind == "gemma":
        return transformers.GemmaForCausalLM(transformers.GemmaConfig(**common | ids))
    if kind == "gpt2":
        return transformers.GPT2LMHeadModel(
            transformers.GPT2Config(
                vocab_size=rows, n_embd=32, n_layer=2, n_head=4, n_positions=POSITIONS, initializer_range=0.2, **ids
            )
        )
    sizes = {
        "vocab_size": rows, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4,
        "feed_forward_proj": "gated-gelu", "initializer_factor": 1.5, "decoder_start_token_id": ids["pad_token_id"],
    }  # fmt: skip
    return transformers.T5ForConditionalGeneration(
        transformers.T5Config(**{"tie_word_embeddings": False} | sizes | ids)
    )
