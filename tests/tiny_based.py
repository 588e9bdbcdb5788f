"""A bundle on a tiny base (tests/tiny_base.py) whose adapter, or whole model, is random too."""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tests import tiny_bundle

LENGTHS = 75
ABOUT = {
    "name": "based", "version": "0", "system": "motiongpt2", "engines": ["torch"], "licence": "none",
    "training_data": ["nothing"], "acknowledgement": "", "metrics": {},
}  # fmt: skip
NOTHING = MappingProxyType({})


def vocabulary(rows: int, wording: str = "compact"):
    """What is added to a base with so many rows."""
    from backend.systems import prompts
    from backend.systems.vocabulary import Vocabulary

    asked = prompts.load(wording)
    if asked.spelling == "digits":
        return Vocabulary(rows)
    return Vocabulary(rows, asked.marks, LENGTHS if asked.lengths == "tokens" else 0, (("motion", tiny_bundle.CODES),))


def adapted(base: Path, added: int, seed: int = 0, **lora):
    """The PEFT model of a base with ``added`` tokens: LoRA on all linear layers and rows of their own, all random.
    ``lora``: other settings of ``LoraConfig``."""
    import torch
    from peft import LoraConfig, get_peft_model

    from backend.engines import base_files
    from backend.engines.hugging_face import network

    rows = base_files.rows(base_files.config(base))
    model = network.load(base, torch.float32, torch.device("cpu"), {})
    if added:
        network.grow(model, rows + added)
    new = list(range(rows, rows + added))
    named = {module: name for name, module in model.named_modules()}
    ends = [model.get_input_embeddings()] + [model.get_output_embeddings()] * (not model.config.tie_word_embeddings)
    settings = {
        "r": 4, "lora_alpha": 8, "target_modules": "all-linear", "lora_dropout": 0.1,
        "trainable_token_indices": {named[end]: new for end in ends} if added else None,
    }  # fmt: skip
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed + 1)
        model = get_peft_model(model, LoraConfig(**settings | lora)).eval()
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(0.3 * torch.randn_like(parameter))
    return model


def build(folder: Path, base: Path, wording: str = "compact", kept: Mapping | None = None, config: Mapping = NOTHING):
    """Write a bundle on ``base`` and return it (bundles.Bundle). ``kept``: what ``files`` gave for its language model,
    by default a random adapter; ``config`` replaces what the manifest would say."""
    import torch
    from safetensors.torch import save

    from backend import bundles
    from backend.engines import base_model
    from backend.engines.files import MOTION_TOKENIZER
    from backend.engines.hugging_face.text import control_tokens
    from backend.systems import prompts

    asked, about = prompts.load(wording), base_model.describe(base)
    words = vocabulary(about.rows, wording)
    tokenizer = tiny_bundle.motion_tokenizer()
    normalised = {"mean": torch.from_numpy(tokenizer.mean), "std": torch.from_numpy(tokenizer.std)}
    digest = hashlib.sha256((base / "tokenizer.json").read_bytes()).hexdigest()
    manifest = ABOUT | {
        "tasks": list(asked.tasks),
        "prompt_version": asked.version,
        "features": {"codec": "ms272", "fps": 30, "fingerprint": fingerprint(tokenizer)},
        "config": {
            "base_model": about.to_dict(), "vocabulary": words.to_dict(), "prompts": asked.to_config(), "sampling": {},
            "motion_tokenizer": tokenizer.model.config.to_dict(),
            "text_tokenizer": {"sha256": digest} | vars(control_tokens(base)),
        } | dict(config),
    }  # fmt: skip
    contents = {
        MOTION_TOKENIZER: save(tokenizer.model.state_dict() | normalised), prompts.FILE: asked.source,
        "MODEL_CARD.md": b"# Random weights\n",
    }  # fmt: skip
    return bundles.write(folder, manifest, contents | dict(kept or files(adapted(base, words.added), base)))


def files(model, base: Path) -> dict[str, bytes]:
    """What a bundle keeps of a PEFT model, or of a whole one with the tokenizer of its base."""
    from peft import PeftModel

    from backend.engines.files import ADAPTER, ADAPTER_CONFIG, TEXT_TOKENIZER, WHOLE, WHOLE_CONFIG

    with tempfile.TemporaryDirectory() as saved:
        if isinstance(model, PeftModel):
            model.save_pretrained(saved, save_embedding_layers=False)
            return {name: Path(saved, name).read_bytes() for name in (ADAPTER, ADAPTER_CONFIG)}
        model.save_pretrained(saved)
        whole = {name: Path(saved, name).read_bytes() for name in (WHOLE, WHOLE_CONFIG)}
    return whole | {TEXT_TOKENIZER: (base / TEXT_TOKENIZER).read_bytes()}


def fingerprint(tokenizer) -> str:
    from backend.motion.features.fingerprint import fingerprint as of

    return of(tokenizer.mean, tokenizer.std)
