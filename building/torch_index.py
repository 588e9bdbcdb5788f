"""Where pip gets torch from: wherever possible the processor-only wheel, 15 times smaller than the CUDA one."""

from __future__ import annotations

import os
import platform
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_S = 5.0


def arguments(python: Path) -> tuple[list[str], str]:
    """Extra pip arguments, and a sentence that says which source was chosen and why.

    Only Linux on x86 needs one: there PyPI's torch brings CUDA. A wheel among pip's own find-links is taken as it is,
    and the index of pytorch.org is named only if it answers, because an index that does not makes pip fail late.
    """
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "AMD64"):
        return [], "torch comes from PyPI (its wheel for this system is processor-only)"
    folder = _folder_with_cpu_wheel(python)
    if folder:
        return [], f"torch comes from {folder} (pip's find-links holds a processor-only wheel)"
    if _answers(f"{CPU_INDEX}/torch/"):
        return ["--extra-index-url", CPU_INDEX], f"torch comes from {CPU_INDEX} (processor-only, about 200 MB)"
    return [], f"{CPU_INDEX} does not answer; torch comes from PyPI with CUDA (several GB to download)"


def _folder_with_cpu_wheel(python: Path) -> str | None:
    """The first local find-links folder of pip's configuration that holds a torch+cpu wheel."""
    asked = subprocess.run(
        [str(python), "-m", "pip", "config", "list"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    links = [os.environ.get("PIP_FIND_LINKS", "")]
    for line in asked.stdout.splitlines():
        key, _, value = line.partition("=")
        if key.endswith("find-links"):
            links.append(value.strip("'\""))
    for link in " ".join(links).split():
        folder = link.removeprefix("file://")
        if os.path.isdir(folder) and any(n.startswith("torch-") and "+cpu" in n for n in os.listdir(folder)):
            return folder
    return None


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=PROBE_S) as reply:
            return reply.status < 400
    except (urllib.error.URLError, OSError):
        return False
