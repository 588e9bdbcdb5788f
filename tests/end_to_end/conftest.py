import pytest

from tests.end_to_end.process import service, without


@pytest.fixture
def start(tmp_path):
    """Start ``python -m backend serve`` with these arguments; ``hidden`` packages are as if not installed."""
    started = []

    def begin(*arguments, hidden=()):
        started.append(service([*without(hidden), "serve", *arguments], tmp_path / f"log{len(started)}"))
        return started[-1]

    yield begin
    for backend in started:
        backend.process.kill()
        backend.process.wait()
        backend.process.stdin.close()
