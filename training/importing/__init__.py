"""Weights that others published: opened under guard, compared with a manifest, kept as safetensors."""
