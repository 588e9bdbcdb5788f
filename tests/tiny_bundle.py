"""A bundle that can be generated with and knows nothing: random weights in tiny networks, made by training.exporting as
a real one is. In a test: the fixture ``tiny_bundle`` (its folder). By hand: python -m tests.tiny_bundle FOLDER
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

SENTENCES = [
    f"a person {verb} {way}" for verb in ("walks", "runs", "jumps", "waves", "turns") for way in ("forward", "left")
]
CODES = 16
WIDTH = 32
BODY, HANDS = ("motion",), ("body", "hands")
TASKS = {
    BODY: ("text_to_motion", "initial_pose", "last_pose", "key_poses", "describe", "predict", "fill"),
    HANDS: ("holistic",),
}
CODECS = {BODY: "ms272", HANDS: "motionx623"}
ABOUT = {
    "name": "tiny", "version": "0", "licence": "none", "training_data": ["nothing"], "acknowledgement": "",
    "metrics": {},
}  # fmt: skip
_NONE = MappingProxyType({})


def build(
    folder: Path,
    seed: int = 0,
    language: Mapping = _NONE,
    motion: Mapping = _NONE,
    tasks: Sequence[str] | None = None,
    streams: Sequence[str] = BODY,
    wording: str = "compact",
    codec: str | None = None,
):
    """Write the bundle to ``folder`` and return it (bundles.Bundle); the same seed writes the same bytes.

    ``language``, ``motion``: other fields of the two networks' configurations; ``tasks``: by default all that its
    ``streams`` and its prompts have (``wording``: "alpaca_digits" makes a MotionGPT); ``codec``: of its features."""
    import torch

    from training.exporting import small

    with tempfile.TemporaryDirectory() as work, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        run = language_run(Path(work) / "language", language, tasks, streams, wording)
        return small.export(motion_tokenizer(streams, motion, codec), run, ABOUT, "# Random weights\n", folder)


def language_run(
    folder: Path,
    language: Mapping = _NONE,
    tasks: Sequence[str] | None = None,
    streams: Sequence[str] = BODY,
    wording: str = "compact",
):
    """Write what a run of training.language leaves, with random weights, and return it as training.exporting reads
    it."""
    from backend.models.language_model import LanguageModel, LanguageModelConfig
    from backend.systems import prompts
    from backend.systems.vocabulary import MAX_CODES, Vocabulary
    from training import checkpoint, text_tokenizer
    from training.exporting.language_run import read

    asked = prompts.load(wording)
    text = text_tokenizer.train([*SENTENCES, asked.frame], text_tokenizer.SMALLEST + 40)
    lengths = MAX_CODES if asked.lengths == "tokens" else 0
    codes = tuple((stream, CODES) for stream in streams) if asked.spelling == "tokens" else ()
    vocabulary = Vocabulary(text.get_vocab_size(), asked.marks, lengths, codes)
    small = {"layers": 2, "width": WIDTH, "heads": 4, "positions": 256 if wording == "compact" else 768}
    sizes = {"text_size": vocabulary.text_size, "added": vocabulary.added}
    model = LanguageModel(LanguageModelConfig(**small | sizes | dict(language)))
    about = {
        "config": {"model": model.config.to_dict()}, "vocabulary": vocabulary.to_dict(), "prompts": asked.to_config(),
        "tasks": list(tasks or (task for task in TASKS[tuple(streams)] if task in asked.tasks)),
    }  # fmt: skip
    checkpoint.save_weights(folder, model.weights(), about)
    text.save(str(folder / "tokenizer.json"))
    (folder / prompts.FILE).write_bytes(asked.source)
    return read(folder)


def motion_tokenizer(streams: Sequence[str] = BODY, motion: Mapping = _NONE, codec: str | None = None):
    """A random one; an untrained decoder hardly moves, so its codes are far apart."""
    from backend.models.config import PartVQVAEConfig, VQVAEConfig
    from backend.models.part_vqvae import motion_tokenizer
    from backend.motion.features.codec import CODECS as ALL
    from training.tokenizer_eval import Tokenizer

    streams = tuple(streams)
    codec = ALL[codec or CODECS[streams]]
    kind = PartVQVAEConfig if streams == HANDS or "order" in motion else VQVAEConfig
    small = {"input_width": codec.width, "width": 16, "code_width": 8, "codes": CODES, "dilations": (1,)}
    model = motion_tokenizer(kind(**(small | dict(motion)))).eval()
    for name, value in model.named_buffers():
        if name.endswith("codebook"):
            value.normal_(std=20.0)
    mean, std = _normalisation(codec)
    return Tokenizer(model, mean, std, codec)


def tokenizer_run(folder: Path, streams: Sequence[str] = BODY, codec: str | None = None) -> Path:
    """Write what a run of the motion tokenizer leaves, with random weights."""
    import torch

    from training import checkpoint
    from training.row_loss import RowLossWeights
    from training.tokenizer_config import TokenizerTraining

    made = motion_tokenizer(streams, codec=codec)
    config = TokenizerTraining(codec=made.codec.name, model=made.model.config, loss=RowLossWeights())
    normalised = {"mean": torch.from_numpy(made.mean), "std": torch.from_numpy(made.std)}
    checkpoint.save_weights(folder, made.model.state_dict() | normalised, {"config": config.to_dict()})
    return folder


def _normalisation(codec):
    """Mean and standard deviation (D,) float32 about a person who stands, so that whatever the networks say is a body
    upright enough to be measured."""
    import numpy as np

    from backend.motion.motion import Motion
    from backend.motion.skeleton import canonical

    skeleton = canonical(codec.kind)
    still = np.zeros((8 + codec.spare, len(skeleton), 4))
    still[..., 0] = 1.0
    standing = Motion(skeleton, np.tile([0.0, skeleton.hip_height, 0.0], (len(still), 1)), still, codec.fps)
    std = np.full(codec.width, 0.05, np.float32)
    std[codec.layout["velocity"]] = 0.02
    std[codec.layout["rotations"]] = 0.15
    return codec.encode(standing).mean(axis=0).astype(np.float32), std


if __name__ == "__main__":
    print(build(Path(sys.argv[1])).path)
