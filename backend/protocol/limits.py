"""How much may be asked for, and the checks that hold a value to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import numpy as np

from ..motion.limbs import LimbCorrection
from ..wire import RequestError, is_number, reading, shown


@dataclass(frozen=True)
class Limits:
    """What a request may ask for; sent with ``initialize`` so that the panel can hold its fields to it."""

    text: int = 500
    """characters a prompt"""
    min_seconds: float = 0.2
    max_seconds: float = 10.0
    takes: int = 16
    seed: int = 2**31 - 1
    temperature: float = 3.0
    guidance: float = 10.0
    segments: int = 1
    keys: int = 16
    captions: int = 16
    top_k: int = 2**17


LIMITS = Limits()


def number(value, what: str, low: float, high: float, kind: str, action: str) -> float:
    """The value; RequestError unless it is a number from ``low`` to ``high``."""
    if not is_number(value) or not low <= value <= high:  # NaN lies nowhere
        raise RequestError(kind, f"{what} must lie between {low:g} and {high:g}, got {shown(value)}", action)
    return float(value)


def integer(value, what: str, low: int, high: int, kind: str, action: str) -> int:
    """The value; RequestError unless it is a whole number from ``low`` to ``high``."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not low <= value <= high:
        raise RequestError(kind, f"{what} must be a whole number between {low} and {high}, got {shown(value)}", action)
    return int(value)


def seed(value) -> int:
    return integer(value, "seed", 0, LIMITS.seed, "bad_seed", f"Set a seed from 0 to {LIMITS.seed}.")


def bundle(value) -> str | None:
    if value is not None and not (isinstance(value, str) and 0 < len(value) <= 4096):
        raise RequestError("bundle", f"bundle must be a folder, got {shown(value)}", "Name the folder of a bundle.")
    return value


def correction(value: LimbCorrection | dict) -> LimbCorrection:
    """One, or the dict that travels in its place; what that lacks has its default."""
    action = "Set the limb correction between 0 and 1."
    with reading("limb correction"):
        given = asdict(value) if isinstance(value, LimbCorrection) else value
        found = {f.name: given.get(f.name, f.default) for f in fields(LimbCorrection)}
        what = "limb correction of the "
        return LimbCorrection(
            **{part: number(v, what + part, 0.0, 1.0, "bad_correction", action) for part, v in found.items()}
        )


def sampling(temperature, top_k, top_p, guidance) -> dict:
    """Those of a request by name; None = the bundle's own."""
    out = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "guidance": guidance}
    for name, value in out.items():
        if value is None:
            continue
        high = 1.0 if name == "top_p" else getattr(LIMITS, name)
        check = integer if name == "top_k" else number
        out[name] = check(value, name, 0, high, f"bad_{name}", f"Set a {name} from 0 to {high:g}.")
    return out
