import pytest


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory):
    """The folder of a bundle with random weights (tests/tiny_bundle.py); not to be changed: copy it first."""
    pytest.importorskip("torch", reason="a bundle is made with torch")
    from tests.tiny_bundle import build

    return build(tmp_path_factory.mktemp("bundles") / "tiny").path
