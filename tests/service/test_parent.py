"""Waiting for the parent: on Windows with a stand-in for its kernel, on POSIX with a real process."""

import ctypes
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from backend.service import parent


class Function:
    def __init__(self, call):
        self.call = call

    def __call__(self, *arguments):
        return self.call(*arguments)


@pytest.mark.parametrize("handle, error, ends", [(99, 0, True), (None, 87, True), (None, 5, False)])
def test_windows(monkeypatch, handle, error, ends):
    calls = []

    def open_process(*arguments):
        calls.append(arguments)
        return handle

    kernel = SimpleNamespace(
        OpenProcess=Function(open_process), WaitForSingleObject=Function(lambda *a: calls.append(a) or 0)
    )
    monkeypatch.setattr(ctypes, "WinDLL", lambda *a, **k: kernel, raising=False)
    monkeypatch.setattr(ctypes, "get_last_error", lambda: error, raising=False)
    monkeypatch.setattr(parent.sys, "platform", "win32")
    gone = threading.Event()
    parent.watch(gone.set, 4321)
    assert gone.wait(5.0 if ends else 0.2) is ends
    assert calls[0] == (0x00100000, False, 4321)
    assert calls[1:] == ([(99, 0xFFFFFFFF)] if handle else [])


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
@pytest.mark.parametrize("polls", [False, True])
def test_posix(monkeypatch, polls):
    """With a descriptor of the process where the system has such a thing, and by asking again and again."""
    if polls:
        monkeypatch.setattr(parent, "_handles", lambda pids: [])
    process, gone = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE), threading.Event()
    parent.watch(gone.set, process.pid, interval=0.01)
    assert not gone.wait(0.2)
    process.kill()
    process.wait()
    assert gone.wait(5.0)
    process.stdin.close()
