"""The part-aware tokenizer: its shapes in every order, what its streams of codes depend on, how codebooks learn."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from backend.models.config import FOLLOWING, PartVQVAEConfig, VQVAEConfig, tokenizer_config  # noqa: E402
from backend.models.part_vqvae import PartVQVAE, motion_tokenizer  # noqa: E402
from backend.models.vqvae import VQVAE  # noqa: E402
from backend.motion.features import motionx623  # noqa: E402

ORDERS = tuple(FOLLOWING)


def small(order: str, **values) -> PartVQVAEConfig:
    return PartVQVAEConfig(width=8, code_width=6, codes=16, dilations=(1,), order=order, **values)


def with_codes(order: str, **values) -> PartVQVAE:
    """An untrained network whose fusions weigh both streams alike and whose codes lie among what its encoders give."""
    torch.manual_seed(3)
    model = PartVQVAE(small(order, **values)).eval()
    for fusion in model.fusions.values():
        torch.nn.init.normal_(fusion.weight)
        torch.nn.init.zeros_(fusion.bias)
    with torch.no_grad():
        for stream, encoder in model.encoders.items():
            rows = some_rows(seed=5)[..., getattr(model, f"{stream}_columns")]
            outputs = encoder(rows.transpose(1, 2)).transpose(1, 2).flatten(0, 1)
            codebook = model.quantizers[stream].codebook
            codebook.copy_(model.quantizers[stream].scaled(outputs)[: len(codebook)])
    return model


def some_rows(batch=6, frames=32, seed=0) -> torch.Tensor:
    return torch.randn(batch, frames, 623, generator=torch.Generator().manual_seed(seed))


def other_part(rows: torch.Tensor, part: str) -> torch.Tensor:
    """The rows with the body's or the hands' features replaced."""
    body, hands = motionx623.split(rows.numpy())
    new_body, new_hands = motionx623.split(some_rows(len(rows), rows.shape[1], seed=99).numpy() * 3)
    joined = motionx623.join(*((new_body, hands) if part == "body" else (body, new_hands)))
    return torch.from_numpy(np.ascontiguousarray(joined))


@pytest.mark.parametrize("order", ORDERS)
def test_the_default_has_the_sizes_of_the_paper_and_the_tensors_of_its_config(order):
    config = PartVQVAEConfig(order=order)
    with torch.device("meta"):
        model = PartVQVAE(config)
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    assert shapes | {"mean": (623,), "std": (623,)} == config.tensors()
    assert shapes["decoder.model.6.weight"] == (623, 512, 3)
    if order == "vanilla":
        assert model.merge is None and shapes["encoders.motion.model.0.weight"] == (512, 623, 3)
        return
    assert shapes["encoders.body.model.0.weight"] == (512, 263, 3)
    assert shapes["encoders.hands.model.0.weight"] == (512, 360, 3)
    assert shapes["quantizers.body.codebook"] == shapes["quantizers.hands.codebook"] == (512, 512)
    assert shapes["merge.weight"] == (512, 1024, 1)
    assert {name for name in shapes if name.startswith("fusions")} == {
        f"fusions.{stream}.{part}" for stream in FOLLOWING[order] for part in ("weight", "bias")
    }
    assert all(shapes[f"fusions.{stream}.weight"] == (512, 1024, 1) for stream in FOLLOWING[order])


def test_the_order_of_the_paper_is_the_default():
    assert PartVQVAEConfig().order == "hand_first" and FOLLOWING["hand_first"] == {"body": slice(None)}
    with torch.device("meta"):
        assert sum(p.numel() for p in PartVQVAE(PartVQVAEConfig()).parameters()) == 30_775_919


@pytest.mark.parametrize("order", ORDERS)
def test_every_weight_learns_and_one_code_is_four_frames(order):
    model = PartVQVAE(small(order)).train()
    out, codes, commitment = model(some_rows())
    assert out.shape == (6, 32, 623) and [c.shape for c in codes] == [(6, 8)] * len(model.config.streams)
    (out.square().mean() + commitment).backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in model.parameters())
    model.eval()
    found = model.encode(some_rows(2, 42))
    assert [c.shape for c in found] == [(2, 10)] * len(model.config.streams)
    assert model.decode(*found).shape == (2, 40, 623)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("unit", [False, True])
def test_decoding_what_was_encoded_is_the_forward_pass(order, unit):
    model = with_codes(order, unit_codes=unit)
    rows = some_rows()
    with torch.no_grad():
        out, codes, _ = model(rows)
        found = model.encode(rows)
        assert all(torch.equal(a, b) for a, b in zip(codes, found, strict=True))
        torch.testing.assert_close(model.decode(*found), out, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("order", "stream", "changed", "moves"),
    [
        ("hand_first", "hands", "body", ()), ("hand_first", "body", "hands", (0, 1)),
        ("body_first", "hands", "body", (0, 1)), ("body_first", "body", "hands", ()),
        ("concat", "hands", "body", ()), ("concat", "body", "hands", ()),
        ("alternating", "hands", "body", (1,)), ("alternating", "body", "hands", (0,)),
    ],
)  # fmt: skip
def test_a_stream_depends_on_the_other_only_where_it_follows(order, stream, changed, moves):
    """``moves``: at even (0) and odd (1) codes."""
    model = with_codes(order)
    rows = some_rows(batch=24)
    which = model.config.streams.index(stream)
    differs = model.encode(rows)[which] != model.encode(other_part(rows, changed))[which]
    assert tuple(k for k in (0, 1) if bool(differs[:, k::2].any())) == moves


def test_vanilla_is_the_plain_tokenizer():
    model = with_codes("vanilla")
    plain = VQVAE(model.config.plain(623)).eval()
    names = {"encoders.motion.": "encoder.", "quantizers.motion.": "quantizer."}
    state = model.state_dict()
    for theirs, ours in names.items():
        state = {name.replace(theirs, ours): value for name, value in state.items()}
    plain.load_state_dict(state)
    (codes,) = model.encode(some_rows())
    assert torch.equal(codes, plain.encode(some_rows()))
    assert torch.equal(model.decode(codes), plain.decode(codes))


@pytest.mark.parametrize("order", ORDERS)
def test_frames_under_the_mask_move_no_codebook(order):
    rows = some_rows()
    mask = torch.ones(6, 32, dtype=torch.bool)
    mask[3:] = False
    found = []
    for junk in (0.0, 1e3):
        torch.manual_seed(1)
        model = PartVQVAE(small(order)).train()
        other = rows.clone()
        other[3:] = junk
        _, _, commitment = model(other, mask)
        found.append((model.averages(), commitment))
    (one, first), (two, second) = found
    assert torch.equal(first, second)
    assert all(torch.equal(one[s][name], two[s][name]) for s in one for name in one[s])


def test_without_quantisation_it_is_an_autoencoder_and_no_codebook_starts():
    model = PartVQVAE(small("alternating")).train()
    out, codes, commitment = model(some_rows(), quantise=False)
    assert out.shape == (6, 32, 623) and codes is None and float(commitment) == 0.0
    assert not any(bool(q.counts.any()) for q in model.quantizers.values())


@pytest.mark.parametrize("order", ORDERS)
def test_held_codes_stay_and_averages_come_back(order):
    torch.manual_seed(3)
    model = PartVQVAE(small(order)).train()
    model(some_rows(seed=5))
    model.hold_codes()
    before = model.encode(some_rows(seed=7))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _ in range(3):
        out, _, commitment = model(some_rows(seed=8))
        (out.square().mean() + commitment).backward()
        optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(before, model.encode(some_rows(seed=7)), strict=True))
    copy = PartVQVAE(model.config)
    copy.load_averages(model.averages())
    for stream, averages in model.averages().items():
        assert all(torch.equal(value, copy.averages()[stream][name]) for name, value in averages.items())


def test_a_config_says_which_network_it_is_of():
    part, plain = small("body_first"), VQVAEConfig(width=8, codes=4, dilations=(1,))
    for config, kind in ((part, PartVQVAE), (plain, VQVAE)):
        back = tokenizer_config(config.to_dict())
        assert back == config and type(back) is type(config) and type(motion_tokenizer(back)) is kind


@pytest.mark.parametrize(
    ("d", "message"),
    [
        (
            {"order": "feet_first"},
            "'order' must be one of vanilla, concat, body_first, alternating, hand_first, got 'feet",
        ),
        ({"order": 1}, "'order' must be one of"),
        ({"order": ["vanilla"]}, "'order' must be one of"),
        ({"order": "concat", "input_width": 263}, r"Motion-X-623 needs rows \(..., 623\), got \(263,\)"),
        ({"order": "concat", "hands": 1}, "unknown field 'hands'"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(d, message):
    with pytest.raises(ValueError, match=message):
        tokenizer_config(d)


def test_decoding_wants_every_stream():
    model = with_codes("hand_first")
    with pytest.raises(ValueError, match="'hand_first' decodes the codes of body, hands, got 1"):
        model.decode(torch.zeros(1, 4, dtype=torch.long))
