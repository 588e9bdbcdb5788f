"""The files of a bundle that the engines read."""

LANGUAGE_MODEL = "language_model.safetensors"
MOTION_TOKENIZER = "motion_tokenizer.safetensors"
TEXT_TOKENIZER = "tokenizer.json"
ADAPTER, ADAPTER_CONFIG = "adapter_model.safetensors", "adapter_config.json"
"""what was trained on top of a base model, in PEFT's format"""
WHOLE, WHOLE_CONFIG = "model.safetensors", "config.json"
"""a base model that was trained as a whole, in Hugging Face's format"""
