"""What the pictures need beyond numpy, brought in only where it is used."""

from __future__ import annotations

import importlib
from types import ModuleType

PILLOW = "pillow==13.0.0"
AV = "av==18.1.0"


def package(name: str, wanted: str, what: str) -> ModuleType:
    """The module; ImportError says that ``what`` needs it and how it is installed."""
    try:
        return importlib.import_module(name)
    except ImportError as reason:
        raise ImportError(f'{what} needs a package that is not there: pip install "{wanted}"', name=name) from reason
