"""A bundle that can be generated with and knows nothing: random weights in tiny networks, made by training.export as a
real one is. In a test: the fixture ``tiny_bundle`` (its folder). By hand: python -m tests.tiny_bundle FOLDER
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

SENTENCES = [
    f"a person {verb} {way}" for verb in ("walks", "runs", "jumps", "waves", "turns") for way in ("forward", "left")
]
CODES = 16
WIDTH = 32


def build(
    folder: Path, seed: int = 0, language: Mapping = MappingProxyType({}), motion: Mapping = MappingProxyType({})
):
    """Write the bundle to ``folder`` and return it (bundles.Bundle); the same seed writes the same bytes.
    ``language``, ``motion``: other fields of the two networks' configurations."""
    import torch

    from backend.models.vqvae import VQVAE, VQVAEConfig
    from training import checkpoint, export, text_tokenizer, tokenizer
    from training import language as stage

    text = text_tokenizer.train(SENTENCES, text_tokenizer.SMALLEST + 40)
    mean, std = _normalisation()
    with tempfile.TemporaryDirectory() as work, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        runs = Path(work)
        text.save(str(runs / "tokenizer.json"))
        small = {"text_size": text.get_vocab_size(), "codes": CODES, "layers": 2, "width": WIDTH, "heads": 4}
        shape = stage.LanguageModelConfig(**(small | dict(language)))
        weights = stage.LanguageModel(shape).weights()
        meta = {"config": stage.LanguageTraining(model=shape).to_dict()}
        checkpoint.save_weights(runs / "language", weights, meta)
        small = {"width": 16, "code_width": 8, "codes": CODES, "dilations": (1,)}
        vqvae = VQVAE(VQVAEConfig(**(small | dict(motion))))
        vqvae.quantizer.codebook.normal_(std=20.0)  # an untrained decoder hardly moves
        meta = {"config": tokenizer.TokenizerTraining(model=vqvae.config).to_dict()}
        normalised = {"mean": torch.from_numpy(mean), "std": torch.from_numpy(std)}
        checkpoint.save_weights(runs / "tokenizer", vqvae.state_dict() | normalised, meta)
        about = {
            "name": "tiny", "version": "0", "licence": "none", "training_data": ["nothing"], "acknowledgement": "",
            "metrics": {},
        }  # fmt: skip
        return export.export_bundle(
            runs / "tokenizer", runs / "language", runs / "tokenizer.json", about, "# Random weights\n", folder
        )


def _normalisation():
    """Mean and standard deviation (272,) float32 about a person who stands, so that whatever the networks say is a body
    upright enough to be measured."""
    import numpy as np

    from backend.motion.features import ms272
    from backend.motion.motion import Motion
    from backend.motion.skeleton import canonical

    still = np.zeros((8, 22, 4))
    still[..., 0] = 1.0
    standing = Motion(canonical(), np.tile([0.0, canonical().hip_height, 0.0], (8, 1)), still, ms272.FPS)
    mean = ms272.encode(standing).mean(axis=0)
    std = np.full(ms272.WIDTH, 0.05, np.float32)
    std[ms272.VELOCITY] = 0.02
    std[ms272.ROTATIONS] = 0.15
    return mean.astype(np.float32), std


if __name__ == "__main__":
    print(build(Path(sys.argv[1])).path)
