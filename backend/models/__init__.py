"""The networks, in torch, for training and the torch engine; their shapes (``config``) need no torch."""
