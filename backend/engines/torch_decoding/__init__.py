"""Decoding with big Hugging Face models: prompts once, then one token a row and step (``decoder.Decoder``)."""

from __future__ import annotations

from .decoder import Decoder, State

__all__ = ["Decoder", "State"]
