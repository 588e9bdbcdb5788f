"""What to start: a Python and the options of ``python -m backend serve``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Launch:
    """A backend with other options than the running one takes its place."""

    python: str
    """program file"""
    engine: str = "auto"
    """one of the backend's engines, or "auto": it chooses"""
    threads: int = 0
    """limit on the processor's threads; 0 = the backend's own"""
    remember: str = ""
    """file in which the backend keeps which bundles it has checked; "" = it checks them at every start"""
    idle: float = 600.0
    """seconds without work after which the backend ends by itself"""

    def command(self) -> list[str]:
        command = [self.python, "-m", "backend", "serve", "--idle", f"{self.idle:g}", "--engine", self.engine]
        if self.threads:
            command += ["--threads", str(self.threads)]
        if self.remember:
            command += ["--remember", self.remember]
        return command
