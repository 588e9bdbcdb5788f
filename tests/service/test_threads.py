"""The limit on numpy's threads: read from the command line before numpy is imported."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from backend.service import threads
from backend.wire import encode_motion
from tests.service.conftest import ROOT

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@pytest.fixture
def environment(monkeypatch):
    """What ``limit`` sees and changes, empty at first."""
    fake = SimpleNamespace(environ={}, cpu_count=lambda: 16)
    monkeypatch.setattr(threads, "os", fake)
    return fake.environ


@pytest.mark.parametrize(
    "arguments, limit",
    [
        (["--threads", "3"], "3"),
        (["--threads=3"], "3"),
        (["walk", "--out", "x.npz", "--threads", "1", "--seed", "7"], "1"),
        (["--threads", "2", "--threads", "5"], "5"),
    ],
)
def test_the_command_lines_number_is_every_librarys(environment, arguments, limit):
    environment["OMP_NUM_THREADS"] = "64"
    threads.limit(arguments)
    assert environment == dict.fromkeys(threads.VARIABLES, limit)


@pytest.mark.parametrize("arguments", [[], ["--threads"], ["--threads", "many"], ["--threads", "0"], ["--threads=-2"]])
def test_without_a_number_two_are_enough(environment, arguments, monkeypatch):
    monkeypatch.setattr(threads.os, "cpu_count", lambda: 8)
    threads.limit(arguments)
    assert environment == {"OPENBLAS_NUM_THREADS": "2"}


@pytest.mark.parametrize("cores, limit", [(1, "1"), (64, "2"), (None, "1")])
def test_no_more_than_there_are(environment, monkeypatch, cores, limit):
    monkeypatch.setattr(threads.os, "cpu_count", lambda: cores)
    threads.limit([])
    assert environment == {"OPENBLAS_NUM_THREADS": limit}


@pytest.mark.parametrize("name", threads.VARIABLES)
def test_what_the_user_has_set_stays(environment, name):
    environment[name] = "7"
    threads.limit([])
    assert environment == {name: "7"}


def test_numpy_is_not_imported_before():
    code = "import sys, backend.service.threads, backend.service.streams; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
@pytest.mark.skipif(CORES < 2, reason="OpenBLAS starts no second thread on one core")
@pytest.mark.skipif("openblas" not in str(np.show_config("dicts")).lower(), reason="this numpy has another BLAS")
def test_the_limit_reaches_the_child(start):
    """Each thread more that is allowed is one more that the child has, once it has multiplied matrices."""
    assert _threads_of_a_child(start, "2") == _threads_of_a_child(start, "1") + 1


def _threads_of_a_child(start, limit: str) -> int:
    from backend.motion.motion import Motion
    from backend.motion.skeleton import canonical

    backend = start(sys.executable, "-m", "backend", "serve", "--threads", limit)
    still = np.zeros((300, 22, 4))
    still[..., 0] = 1.0
    motion = Motion(canonical(), np.tile([0.0, 0.95, 0.0], (300, 1)), still)
    backend.send(id=1, method="motion/describe", params={"motion": encode_motion(motion)})
    assert "result" in backend.answer(1)[0]
    return len(os.listdir(f"/proc/{backend.process.pid}/task"))
