import pytest

torch = pytest.importorskip("torch")

from backend.models.vqvae import VQVAE, Quantizer, VQVAEConfig  # noqa: E402


def published_shapes(width: int = 263) -> dict[str, tuple[int, ...]]:
    """papers.md 2.2, written out."""
    shapes = {"encoder.model.0": (512, width, 3), "encoder.model.4": (512, 512, 3)}
    shapes |= {"decoder.model.0": (512, 512, 3), "decoder.model.4": (512, 512, 3), "decoder.model.6": (width, 512, 3)}
    for stage in (2, 3):
        shapes[f"encoder.model.{stage}.0"] = (512, 512, 4)
        shapes[f"decoder.model.{stage}.2"] = (512, 512, 3)
        for block in range(3):
            for half, part in (("encoder", 1), ("decoder", 0)):
                shapes[f"{half}.model.{stage}.{part}.model.{block}.conv1"] = (512, 512, 3)
                shapes[f"{half}.model.{stage}.{part}.model.{block}.conv2"] = (512, 512, 1)
    tensors = {f"{k}.weight": v for k, v in shapes.items()} | {f"{k}.bias": v[:1] for k, v in shapes.items()}
    return tensors | {"quantizer.codebook": (512, 512)}


@pytest.mark.parametrize(
    ("width", "parameters"), [(263, 19_436_807), (251, 19_399_931), (272, 19_464_464), (623, 20_543_087)]
)
def test_default_configuration_has_the_published_names_and_shapes_at_any_input_width(width, parameters):
    with torch.device("meta"):
        model = VQVAE(VQVAEConfig(input_width=width))
    ours = {k: tuple(v.shape) for k, v in model.state_dict().items()}
    assert ours == published_shapes(width) and len(ours) == 67
    # the published counts, of 263 and 251, leave the codebook out
    assert sum(p.numel() for p in model.parameters()) == parameters


def test_dilations_run_in_the_given_order():
    model = VQVAE(VQVAEConfig(width=8, code_width=8, codes=4))
    for stage in (2, 3):
        for half, part in ((model.encoder, 1), (model.decoder, 0)):
            assert [block.conv1.dilation[0] for block in half.model[stage][part].model] == [9, 3, 1]


def test_a_code_sees_the_frames_that_were_measured_on_the_published_layers():
    """papers.md 2.1: 176 frames, 86 before its own first to 86 after its last; what a code becomes hangs on 45."""
    model = VQVAE(VQVAEConfig(input_width=3, width=4, code_width=4, codes=4)).double().eval()
    for weight in model.parameters():
        torch.nn.init.constant_(weight, 0.1)  # of one sign, so that no unit is off and every path counts
    rows = torch.ones(1, 3, 400, dtype=torch.double, requires_grad=True)
    model.encoder(rows)[0, :, 50].sum().backward()
    seen = rows.grad[0].sum(0).nonzero().flatten()
    assert (int(seen[0]), int(seen[-1]), len(seen)) == (200 - 86, 203 + 86, 176)
    codes = torch.ones(1, 4, 100, dtype=torch.double, requires_grad=True)
    model.decoder(codes)[0, :, 200:204].sum().backward()
    seen = codes.grad[0].sum(0).nonzero().flatten()
    assert (int(seen[0]), int(seen[-1])) == (50 - 22, 50 + 22)


def small(**values) -> VQVAEConfig:
    return VQVAEConfig(input_width=10, width=16, code_width=4, codes=8, dilations=(3, 1), **values)


@pytest.mark.parametrize(("frames", "codes"), [(4, 1), (40, 10), (198, 49)])
def test_one_code_is_four_frames(frames, codes):
    model = VQVAE(small()).eval()
    model.quantizer.codebook.normal_()
    got = model.encode(torch.randn(2, frames, 10))
    assert got.shape == (2, codes)
    assert model.decode(got).shape == (2, 4 * codes, 10)


def test_configuration_survives_json():
    config = small(unit_codes=True)
    assert VQVAEConfig.from_dict(config.to_dict()) == config


def test_codebook_moves_to_the_averages_of_what_it_encodes():
    torch.manual_seed(0)
    quantizer = Quantizer(small(decay=0.5, reset_below=0.0)).train()
    centres = torch.randn(8, 4) * 5
    x = centres.repeat(20, 1) + 0.01 * torch.randn(160, 4)
    for _ in range(30):
        quantizer(x)
    used = quantizer.nearest(x).unique()
    for code in used:
        near = x[quantizer.nearest(x) == code]
        assert torch.allclose(quantizer.codebook[code], near.mean(0), atol=1e-3)


def test_a_new_codebook_is_drawn_from_the_first_batch_tiled_with_a_little_noise():
    torch.manual_seed(0)
    x = torch.randn(3, 4)
    quantizer = Quantizer(small(decay=1.0, reset_below=0.0)).train()  # a codebook that starts and then stays
    quantizer(x)
    distance = torch.cdist(quantizer.codebook, x)
    assert float(distance.min(1).values.max()) < 5 * 0.01  # .01 / sqrt(4) a number
    assert set(distance.argmin(1).tolist()) == {0, 1, 2} and len(quantizer.codebook.unique(dim=0)) == 8


@pytest.mark.parametrize(("robust", "pull"), [(False, 2 * 6.0 / 4), (True, 2 * 1.0 / 4)])
def test_the_commitment_loss_is_the_published_square_unless_told_otherwise(robust, pull):
    assert not VQVAEConfig().robust_commitment
    quantizer = Quantizer(small(robust_commitment=robust)).eval()
    x = torch.zeros(1, 4)
    x[0, 2] = 6.0  # from the zero code
    x.requires_grad_(True)
    _, _, commitment = quantizer(x)
    commitment.backward()
    assert x.grad[0].tolist() == [0.0, 0.0, pytest.approx(pull), 0.0]
    if not robust:
        assert commitment.item() == pytest.approx(36.0 / 4)


def test_an_unused_code_is_replaced_by_an_encoder_output():
    quantizer = Quantizer(small(reset_below=1.0)).train()
    x = torch.randn(64, 4)
    quantizer(x)
    quantizer.codebook[3] = 1000.0
    quantizer.counts[3] = 0.5
    quantizer(x)
    assert (quantizer.codebook[3] - x).norm(dim=1).min() < 1e-5


def test_frames_under_the_mask_move_no_code():
    config = small(decay=0.5)
    torch.manual_seed(0)
    x = torch.randn(64, 4)
    mask = torch.arange(64) < 40
    results = []
    for junk in (0.0, 1e4):
        torch.manual_seed(1)
        quantizer = Quantizer(config).train()
        y = torch.where(mask[:, None], x, torch.full_like(x, junk))
        _, _, commitment = quantizer(y, mask)
        results.append((quantizer.codebook.clone(), commitment))
    assert torch.equal(results[0][0], results[1][0]) and torch.equal(results[0][1], results[1][1])


def test_unit_codes_have_length_one():
    quantizer = Quantizer(small(unit_codes=True)).train()
    for _ in range(3):
        quantizer(torch.randn(64, 4) * 7)
    assert torch.allclose(quantizer.codebook.norm(dim=1), torch.ones(8), atol=1e-5)


def test_gradient_passes_straight_through_and_evaluation_leaves_the_codebook():
    quantizer = Quantizer(small()).train()
    x = torch.randn(64, 4, requires_grad=True)
    quantised, _, _ = quantizer(x)
    quantised.sum().backward()
    assert torch.allclose(x.grad, torch.ones_like(x))
    quantizer.eval()
    before = quantizer.codebook.clone()
    quantizer(torch.randn(64, 4))
    assert torch.equal(before, quantizer.codebook)
