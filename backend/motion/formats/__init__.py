"""Motion files: BVH, ASF/AMC and our own NPZ. Every reader returns a Motion or raises its own ValueError."""
