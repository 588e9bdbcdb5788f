"""A tiny Llama and an adapter on it, for the tests of bundles on a base."""

import pytest


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    pytest.importorskip("peft", reason="adapters are made with PEFT")
    from tests import tiny_base

    return tiny_base.write(tmp_path_factory.mktemp("base") / "llama", "llama")


@pytest.fixture(scope="module")
def adapter(llama):
    """The files of an adapter on ``llama``."""
    from backend.engines import base_files
    from tests import tiny_based

    rows = base_files.rows(base_files.config(llama))
    return tiny_based.files(tiny_based.adapted(llama, tiny_based.vocabulary(rows).added), llama)


@pytest.fixture
def build(llama, adapter, tmp_path):
    """``build(change, field=...)``: an engine on the bundle with that adapter, whose files ``change`` changes in place,
    with other fields in its config."""

    from backend.engines import create
    from tests import tiny_based

    def load(change=lambda files: None, **config):
        kept = dict(adapter)
        change(kept)
        return create(tiny_based.build(tmp_path / "odd", llama, kept=kept, config=config), "torch", base=llama)

    return load
