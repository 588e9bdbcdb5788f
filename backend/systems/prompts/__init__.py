"""Prompts are data: a JSON file says how each task is asked and answered. Training renders a file, its copy lies in the
bundle, and serving renders that copy, so that a model is never asked in words that it was not trained with.

A template holds placeholders in braces, marks (tokens that a file names under "marks") and plain words:

    frame         around every task: {bos} {instruction} {duration} {length} {input} {eos}, then the opening of the task
    instructions  of a task; the first is asked, the others vary training (stage 3 of MotionGPT-2)
    input         of a task: {caption}, the codes of a stream ({motion}, {body}, {hands}), {keys} (codes of poses in
                  their order, without their places), {known} (a beginning), {slots} (a code or <mask> at each place)
    answer        of a task: codes of streams, {caption}, {length} (where it was not given), {eos}

Words that stand side by side are encoded as one text; what a user typed can never become a mark.
"""

from __future__ import annotations

from .reading import FILE, from_bytes, load, names, of_bundle
from .wording import MASK, MASKED, POSE_TASKS, TASKS, Fields, Prompts, Speech

__all__ = [
    "FILE", "MASK", "MASKED", "POSE_TASKS", "TASKS", "Fields", "Prompts", "Speech", "from_bytes", "load", "names",
    "of_bundle",
]  # fmt: skip
