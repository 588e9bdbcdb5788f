"""Words of transformers that are known and change nothing, kept from those who watch a run."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator

from transformers.utils import logging as its

_KNOWN = (
    "is_gradient_checkpointing.*deprecated",  # said by transformers' own call of it
    "tie_word_embeddings=False",  # a T5 with a head of its own keeps it, as it should
)
_LOADER = "transformers.modeling_utils"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """While it lasts there are no bars and no known warnings; all others are heard."""
    bars, loader = its.is_progress_bar_enabled(), logging.getLogger(_LOADER)
    its.disable_progress_bar()
    loader.addFilter(_unknown)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", f".*{_KNOWN[0]}", FutureWarning)
            yield
    finally:
        loader.removeFilter(_unknown)
        if bars:
            its.enable_progress_bar()


def _unknown(record: logging.LogRecord) -> bool:
    return _KNOWN[1] not in record.getMessage()
