import pytest

from backend.models.config import LanguageModelConfig, VQVAEConfig


@pytest.mark.parametrize(
    "config", [LanguageModelConfig(layers=3, width=32, text_size=300, added=40), LanguageModelConfig(heads=1)]
)
def test_the_language_model_has_the_tensors_that_its_config_names(config):
    network = pytest.importorskip("backend.models.language_model")
    weights = network.LanguageModel(config).weights()
    assert {name: tuple(value.shape) for name, value in weights.items()} == config.tensors()


@pytest.mark.parametrize(
    "config",
    [VQVAEConfig(width=16, code_width=8), VQVAEConfig(width=8, codes=5, down=3, dilations=(2,), input_width=7)],
)
def test_the_motion_tokenizer_has_the_tensors_that_its_config_names(config):
    network = pytest.importorskip("backend.models.vqvae")
    weights = {name: tuple(value.shape) for name, value in network.VQVAE(config).state_dict().items()}
    assert weights | dict.fromkeys(("mean", "std"), (config.input_width,)) == config.tensors()


@pytest.mark.parametrize("kind", [LanguageModelConfig, VQVAEConfig])
def test_what_is_absent_has_its_default(kind):
    assert kind.from_dict({}) == kind() and kind.from_dict(kind().to_dict()) == kind()


@pytest.mark.parametrize(
    "kind, d, message",
    [
        (LanguageModelConfig, [], r"expected a JSON object, found \[\]"),
        (LanguageModelConfig, {"experts": 8}, "unknown field 'experts'; known are text_size, added"),
        (LanguageModelConfig, {"width": "256"}, "'width' must be a whole number between 1 and 8192, got '256'"),
        (LanguageModelConfig, {"width": 256.0}, "'width' must be a whole number between 1 and 8192, got 256.0"),
        (LanguageModelConfig, {"layers": True}, "'layers' must be a whole number between 1 and 128, got True"),
        (LanguageModelConfig, {"layers": 0}, "'layers' must be a whole number"),
        (LanguageModelConfig, {"layers": None}, "'layers' must be a whole number"),
        (LanguageModelConfig, {"positions": 10**9}, "'positions' must be .* got 1000000000"),
        (LanguageModelConfig, {"text_size": -1}, "'text_size' must be"),
        (LanguageModelConfig, {"added": -1}, "'added' must be a whole number between 0 and 262144, got -1"),
        (LanguageModelConfig, {"heads": 3}, "'heads' must divide the width 256 without a rest, got 3"),
        (LanguageModelConfig, {"residual_dropout": float("nan")}, "'residual_dropout' must be a number .* got nan"),
        (VQVAEConfig, {"codes": 10**7}, "'codes' must be a whole number between 1 and 131072"),
        (VQVAEConfig, {"down": 40}, "'down' must be a whole number between 0 and 6, got 40"),
        (VQVAEConfig, {"unit_codes": 1}, "'unit_codes' must be true or false, got 1"),
        (VQVAEConfig, {"dilations": 3}, "'dilations' must be a list of at most 16 whole numbers, got 3"),
        (VQVAEConfig, {"dilations": [1] * 17}, "'dilations' must be a list of at most 16"),
        (VQVAEConfig, {"dilations": [1, 0]}, "'dilations' must be a whole number between 1 and 1024, got 0"),
        (VQVAEConfig, {"dilations": [[1]]}, r"'dilations' must be .* got \[1\]"),
        (VQVAEConfig, {"decay": 2}, "'decay' must be a number between 0.0 and 1.0, got 2"),
    ],
)
def test_a_field_that_does_not_fit_is_named(kind, d, message):
    with pytest.raises(ValueError, match=message):
        kind.from_dict(d)
