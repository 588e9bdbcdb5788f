"""What a bundle's language model answers about motions that it has never seen, beside baselines that need no model and
beside what its tokenizer alone loses: ``python -m training evaluate``.

``cases`` says what is asked about, ``answers`` who answers; ``key_poses``, ``describing``, ``predicting`` and
``filling`` make a table each.
"""
