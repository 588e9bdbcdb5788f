"""Model bundles: a folder of safetensors and a manifest, ``bundle.json``, that says what they are and their hashes."""

from .bundle import MANIFEST, Bundle, BundleError, FileEntry, default_bundle_path, weights_folder
from .reading import Listing, available, load, read_manifest
from .remembered import Remembered
from .writing import write

__all__ = [
    "MANIFEST",
    "Bundle",
    "BundleError",
    "FileEntry",
    "Listing",
    "Remembered",
    "available",
    "default_bundle_path",
    "load",
    "read_manifest",
    "weights_folder",
    "write",
]
