"""Retargeting, measured and looked at on every rig that is there: the numbers and sheets of docs/rigs.md."""
