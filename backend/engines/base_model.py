"""Which model of another house a bundle was trained on top of, where that lies on this machine, and whether it is the
one: with any other the answers would be noise."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..bundles.bundle import MANIFEST, BundleError, named, shown
from . import base_files

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_WORD = re.compile(r"[\w./ -]{0,200}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
OVERRIDABLE = ("rms_norm_eps",)


@dataclass(frozen=True)
class BaseModel:
    """What ``bundle.json`` keeps under ``base_model``."""

    id: str
    """on the hub ("house/name"), or the name of a folder"""
    revision: str
    """the commit on the hub; "" where it is not known"""
    fingerprint: str
    """see ``base_files.fingerprint``; "" where it is not known, and not checked then"""
    architecture: str
    rows: int
    """of its embedding, before tokens were added"""
    overrides: dict[str, float] = field(default_factory=dict)
    """what its config.json says otherwise than the base was when the bundle was trained; of ``OVERRIDABLE``"""

    @property
    def on_hub(self) -> bool:
        return _HUB_ID.fullmatch(self.id) is not None

    @property
    def title(self) -> str:
        return f"{self.id} at {self.revision[:12]}" if self.revision else self.id

    @property
    def how_to_get(self) -> str:
        """What to do where it is not here."""
        if not self.on_hub:
            return "name its folder (--base-model DIR)"
        revision = f" --revision {self.revision}" if self.revision else ""
        return f"fetch it with: hf download {self.id}{revision} (or name its folder: --base-model DIR)"

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, d: dict) -> BaseModel:
        """ValueError names the field that does not fit."""
        fields = ("id", "revision", "fingerprint", "architecture", "rows")
        if not isinstance(d, dict) or set(d) - {"overrides"} != set(fields):
            raise ValueError(f"expected {', '.join(fields)}, found {shown(d)}")
        for name in fields[:-1]:
            if not isinstance(d[name], str) or not _WORD.fullmatch(d[name]):
                raise ValueError(f"{name!r} must be a short text, got {shown(d[name])}")
        if d["revision"] and not _COMMIT.fullmatch(d["revision"]):
            raise ValueError(f"'revision' must be a commit of 40 hex digits or empty, got {shown(d['revision'])}")
        if type(d["rows"]) is not int or d["rows"] < 1:
            raise ValueError(f"'rows' must be a whole number from 1, got {shown(d['rows'])}")
        _check_overrides(d.get("overrides", {}))
        return cls(**d)


def _check_overrides(overrides) -> None:
    if not isinstance(overrides, dict) or not set(overrides) <= set(OVERRIDABLE):
        raise ValueError(f"'overrides' may set {', '.join(OVERRIDABLE)}, got {shown(overrides)}")
    for name, value in overrides.items():
        if type(value) is not float or not 0.0 < value < 1.0:
            raise ValueError(f"{name!r} of 'overrides' must be a number between 0 and 1, got {shown(value)}")


def describe(folder: Path, id: str = "", revision: str = "") -> BaseModel:
    """The model in ``folder``, under the id and commit that the folder itself tells or else those given. BundleError
    where it holds none that can be used."""
    config = base_files.config(folder)
    told_id, told_revision = origin(folder)
    return BaseModel(
        told_id or id or re.sub(r"[^\w.-]", "-", folder.resolve().name, flags=re.ASCII),
        told_revision or revision,
        base_files.fingerprint(folder),
        base_files.architecture(config),
        base_files.rows(config),
    )


def find(id: str, revision: str = "") -> Path | None:
    """The folder of a model in the hub's cache on this machine (nothing is downloaded), or None."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(id, base_files.CONFIG, revision=revision or None)
    except HFValidationError:  # the name of a folder, then
        return None
    return Path(found).parent if isinstance(found, str) else None


def located(base: BaseModel, folder: Path | None) -> Path:
    """Where ``base`` lies: in ``folder``, or for None in the hub's cache. BundleError for another model: what is there,
    what is wanted, what to do."""
    where = folder or find(base.id, base.revision)
    if where is None:
        raise BundleError(f"the base model {base.title} is not on this machine; {base.how_to_get}")
    id, revision = origin(where)
    for what, has, needs in (("model", id, base.id if base.on_hub else ""), ("revision", revision, base.revision)):
        if has and needs and has != needs:
            raise _another(where, what, has, needs, base)
    config = base_files.config(where)
    _same(where, "architecture", base_files.architecture(config), base.architecture, base)
    _same(where, "embedding rows", base_files.rows(config), base.rows, base)
    if base.fingerprint:
        _same(where, "fingerprint", base_files.fingerprint(where), base.fingerprint, base)
    return where


def of_bundle(bundle) -> BaseModel:
    """What a ``Bundle`` was trained on; BundleError where its manifest does not say so properly."""
    try:
        return BaseModel.from_dict(bundle.config["base_model"])
    except ValueError as error:
        raise BundleError(f"{named(bundle.path, MANIFEST)}: config.base_model: {error}") from error


def origin(folder: Path) -> tuple[str, str]:
    """The hub id and the commit that a folder came from, "" each where it does not tell: a folder of the hub's cache
    does by its name, one that ``hf download --local-dir`` filled by what it wrote beside the files (the commit)."""
    path = folder.resolve()
    if path.parent.name == "snapshots" and path.parent.parent.name.startswith("models--"):
        return "/".join(path.parent.parent.name.split("--")[1:]), path.name if _COMMIT.fullmatch(path.name) else ""
    note = path / ".cache" / "huggingface" / "download" / f"{base_files.CONFIG}.metadata"
    try:
        with open(note, encoding="ascii") as file:
            commit = file.read(40)
    except (OSError, ValueError):
        return "", ""
    return "", commit if _COMMIT.fullmatch(commit) else ""


def _same(where: Path, what: str, has, needs, base: BaseModel) -> None:
    if has != needs:
        raise _another(where, what, has, needs, base)


def _another(where: Path, what: str, has, needs, base: BaseModel) -> BundleError:
    short = [str(value)[:40] for value in (has, needs)]
    return BundleError(
        f"folder {where} holds another base model: its {what} is {short[0]}, the bundle was trained on {base.title} "
        f"with {short[1]}; {base.how_to_get}"
    )
