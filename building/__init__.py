"""What ``build_addon.py`` does, one file a concern. Standard library only: it runs before anything is installed."""
