"""What has to be downloaded and lies on the disk before the first motion."""

from __future__ import annotations

import re
import zipfile
from importlib import metadata
from pathlib import Path

from building import extension_zip

ROOT = Path(__file__).resolve().parent.parent
TORCH_PACKAGES = ("numpy", "torch", "transformers", "tokenizers", "safetensors")


def zip_bytes() -> tuple[int, int]:
    """(packed, unpacked) bytes of the extension, built anew from the present sources."""
    path = extension_zip.build(extension_zip.Sources(ROOT))
    with zipfile.ZipFile(path) as archive:
        return path.stat().st_size, sum(entry.file_size for entry in archive.infolist())


def packages_bytes(names: tuple[str, ...]) -> int:
    """Bytes of these packages and of all that they need, as installed in this Python."""
    found: dict[str, metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # needed on another system only
            continue
        needed = [line for line in found[name].requires or () if "extra ==" not in line]
        waiting += [re.match(r"[\w.-]+", line).group() for line in needed]
    files = [package.locate_file(file) for package in found.values() for file in package.files or ()]
    return sum(Path(file).stat().st_size for file in files if Path(file).is_file())
