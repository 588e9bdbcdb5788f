"""From finished runs to a bundle: the motion tokenizer, the language model, its words and its prompts."""
