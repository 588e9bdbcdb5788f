"""What Blender loads must stay light: the motion core and editing import numpy and the standard library only."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [p for p in (ROOT / "backend" / "motion", ROOT / "backend" / "editing") if p.is_dir()]
FILES = sorted(f for package in PACKAGES for f in package.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(ROOT / "backend").as_posix())
def test_imports_are_relative_or_standard(file):
    allowed = {"numpy", *sys.stdlib_module_names}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found = [node.module]
        else:
            continue
        for name in found:
            top = name.split(".")[0]
            assert top in allowed, f"{file.name}:{node.lineno} imports {name}; backend imports itself relatively"


def test_nothing_heavy_is_loaded():
    modules = [
        ".".join(f.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for f in FILES
    ]  # fmt: skip
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(sorted({'torch', 'bpy', 'transformers', 'scipy', 'training', 'blender_addon'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_there_is_something_to_check():
    assert len(FILES) > 15
