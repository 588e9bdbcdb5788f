"""Waiting for the parent on Windows, with a stand-in for its kernel (the POSIX way is tested with real processes)."""

import ctypes
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
