import json
import shutil

import pytest

from tests.end_to_end.process import service, without


@pytest.fixture
def torch_bundle(tiny_bundle, tmp_path):
    """A copy of the tiny bundle that says it runs on torch only."""
    folder = tmp_path / "torch_only"
    shutil.copytree(tiny_bundle, folder)
    manifest = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    (folder / "bundle.json").write_text(json.dumps(manifest | {"engines": ["torch"]}), encoding="utf-8")
    return folder


@pytest.fixture
def start(tmp_path):
    """Start ``python -m backend serve`` with these arguments, watched; ``hidden`` packages are as if not installed, and
    ``command`` starts it in another way."""
    started = []

    def begin(*arguments, hidden=(), command=None):
        started.append(service([*(command or without(hidden)), "serve", *arguments], tmp_path / f"log{len(started)}"))
        return started[-1]

    yield begin
    for backend in started:
        backend.process.kill()
        backend.process.wait()
        backend.process.stdin.close()
