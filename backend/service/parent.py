"""Watching the process that started us: when Blender crashes, its backend must not stay.

The closing pipe tells it nearly always; not when another child of Blender inherited our pipe and lives on.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable

INTERVAL = 0.5  # seconds


def watch(gone: Callable[[], None], pid: int | None = None, interval: float = INTERVAL) -> threading.Thread:
    """Call ``gone`` once, from a thread, when our parent or process ``pid`` ends.

    ``pid`` is for when something stands between Blender and us, such as the launcher of a virtual environment on
    Windows.
    """
    wait = _windows_wait(pid or os.getppid()) if sys.platform == "win32" else _posix_wait(pid, interval)

    def run():
        wait()
        gone()

    thread = threading.Thread(target=run, name="parent", daemon=True)
    thread.start()
    return thread


def _posix_wait(pid: int | None, interval: float) -> Callable[[], None]:
    parent, pause = os.getppid(), threading.Event()
    handles = _handles({parent, pid or parent})

    def alive() -> bool:
        if os.getppid() != parent:  # we were handed to another process
            return False
        if pid is None or pid == parent:
            return True
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def wait():
        while alive():
            if handles:
                select.select(handles, [], [])
                return
            pause.wait(interval)

    return wait


def _handles(pids: set[int]) -> list[int]:
    """Descriptors that become readable when a process ends: Linux need not be asked again and again. None of them where
    that is not known or not allowed."""
    handles = []
    try:
        for pid in pids:
            handles.append(os.pidfd_open(pid))
    except (AttributeError, OSError):
        for handle in handles:
            os.close(handle)
        return []
    return handles


def _windows_wait(pid: int) -> Callable[[], None]:
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    kernel.OpenProcess.restype = wintypes.HANDLE
    kernel.WaitForSingleObject.argtypes = (wintypes.HANDLE, wintypes.DWORD)
    kernel.WaitForSingleObject.restype = wintypes.DWORD
    synchronize, infinite, invalid_parameter = 0x00100000, 0xFFFFFFFF, 87
    # opened now, so that the number cannot pass to another process while we wait
    handle = kernel.OpenProcess(synchronize, False, pid)
    error = ctypes.get_last_error()

    def wait():
        if handle:
            kernel.WaitForSingleObject(handle, infinite)
        elif error != invalid_parameter:  # not allowed to watch it: the pipe alone has to tell
            threading.Event().wait()

    return wait
