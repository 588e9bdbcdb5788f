"""Whether a saved run and the one that goes on with it are of one kind: what must not change, and what may but is told.

Other words or another network would make noise of what was learnt. Other data or other batches only mean that the run
does not repeat exactly: a run that ran out of memory goes on with fewer ``tokens``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from .items import Item, plain

WORDS = ("vocabulary", "prompts")
_SETTINGS = ("mixture", "seed", "tokens", "accumulation", "samples")
_DATA = ("items", "texts")


def kept(about: Mapping) -> dict:
    """Of what a run says about itself, the parts that are compared; as JSON has them."""
    drawn = {name: about["config"][name] for name in _SETTINGS if name in about["config"]}
    drawn |= {name: about[name] for name in _DATA if name in about}
    words = {name: about[name] for name in WORDS if name in about}
    return json.loads(json.dumps({"words": words, "drawn": drawn}))


def differences(before: Mapping, now: Mapping) -> str:
    """ "name was x, now it is y" for all that both have in another way; "" where there is nothing."""
    other = [name for name in before if name in now and before[name] != now[name]]
    return "; ".join(f"{name} was {before[name]}, now it is {now[name]}" for name in other)


def fingerprint(items: Iterable[Item | str]) -> str:
    """The beginning of a hash of items or texts."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(json.dumps(item if isinstance(item, str) else plain(item)).encode() + b"\n")
    return digest.hexdigest()[:16]
