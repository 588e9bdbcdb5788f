"""Which libraries of the system a Blender module misses, and which Debian/Ubuntu packages hold them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable

from . import processes
from .console import Failure
from .environments import Environment

# Found one by one on a bare debian:12. libEGL is opened late (Workbench, EEVEE), and its absence aborts the process.
PACKAGES = {
    "libX11.so.6": "libx11-6",
    "libXrender.so.1": "libxrender1",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libXext.so.6": "libxext6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libgomp.so.1": "libgomp1",
    "libstdc++.so.6": "libstdc++6",
}
IMPORT_ERROR = re.compile(r"(lib[\w+.-]+\.so[\d.]*): cannot open shared object file")
LDD_MISSING = re.compile(r"^\s*(lib\S+) => not found", re.MULTILINE)


def missing(environment: Environment) -> list[str]:
    """Sonames that the environment's bpy needs and this system lacks; all at once where ``ldd`` is there (Linux)."""
    binary = next(iter(sorted((environment.site_packages() / "bpy").glob("__init__*.so"))), None)
    if binary is None or shutil.which("ldd") is None:
        return []
    return named_in(processes.run(["ldd", binary], limit_s=30).tail(400))


def named_in(output: str) -> list[str]:
    """Sonames that an ImportError or the output of ``ldd`` names as missing, each once; libEGL if EGL ended the run."""
    found = IMPORT_ERROR.findall(output) + LDD_MISSING.findall(output)
    if "libEGL" in output and "Couldn't open" in output:
        found.append("libEGL.so.1")
    return list(dict.fromkeys(found))


def failure(libraries: Iterable[str], what: str) -> Failure:
    """A Failure that names the libraries and the command that installs their packages."""
    libraries = list(libraries)
    packages = [PACKAGES[lib] for lib in libraries if lib in PACKAGES]
    unknown = [lib for lib in libraries if lib not in PACKAGES]
    remedy = f"On Debian and Ubuntu: apt-get install {' '.join(packages)}" if packages else ""
    if unknown:
        remedy += f"{'; ' if remedy else ''}find the packages that hold {', '.join(unknown)} (apt-file search NAME)"
    return Failure(f"{what}: this system lacks {', '.join(libraries)}.", remedy + ". Then run the command again.")


def require(environment: Environment) -> None:
    """Raise the Failure of ``failure`` if the environment's Blender module cannot be loaded for want of a library."""
    lacking = missing(environment)
    if lacking:
        raise failure(lacking, f"Blender (.venv/{environment.name}) cannot start")
