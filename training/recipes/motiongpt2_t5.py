"""MotionGPT-2 on T5-base, the paper's encoder-decoder (papers.md 4.1): the stages of the 8-B base, all weights trained.

    python -m training.recipes.motiongpt2_t5 --set data/humanml3d --runs runs/motiongpt2_t5 [--dry-run]

The paper says no more than that T5-base is trained in full: batch, learning rates and epochs are those of its 8-B base.
"""

from __future__ import annotations

import sys

from . import motiongpt2_llama31, paper_setup
from .paper_setup import Setup

SETUP = Setup("google-t5/t5-base", "motiongpt2", 2, motiongpt2_llama31.whole())

if __name__ == "__main__":
    sys.exit(paper_setup.main(SETUP, __doc__))
