"""The files of a bundle that the engines read."""

LANGUAGE_MODEL = "language_model.safetensors"
MOTION_TOKENIZER = "motion_tokenizer.safetensors"
TEXT_TOKENIZER = "tokenizer.json"
