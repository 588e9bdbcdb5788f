"""Stages 2 and 3: language models that read and write motion codes. ``items`` and ``examples`` say what they learn
from, ``models`` which network, ``trainer`` how; each stage of the papers has a module of its own."""
