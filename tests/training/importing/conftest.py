import pytest


@pytest.fixture(scope="session")
def vq_bundle(tmp_path_factory):
    """A narrow tokenizer's tensors as they are published, and the folder of the bundle that they became."""
    torch = pytest.importorskip("torch")
    from tests.training.importing import published
    from training.importing.importer import import_file

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = published.tokenizer(fill=published.random, channels=published.NARROW)
    folder = tmp_path_factory.mktemp("import")
    torch.save({"net": net}, folder / "net_last.pth")
    with published.narrow():
        import_file(folder / "net_last.pth", "t2mgpt-vq", folder / "out")
    return net, folder / "out"


@pytest.fixture
def narrow():
    """See ``published.narrow``."""
    from tests.training.importing import published

    with published.narrow():
        yield
