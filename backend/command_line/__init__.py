"""The commands of ``python -m backend``; ``cli`` calls them."""
