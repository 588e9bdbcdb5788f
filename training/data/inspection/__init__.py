"""Looking at a data set: its numbers as text, some of its clips as a contact sheet and as a film.

``command`` is the command line; ``statistics`` measures and ``report`` words it; ``choice`` picks the clips; ``stage``,
``camera``, ``body``, ``ground`` and ``figure`` draw one, ``sheet`` and ``film`` lay them out, ``moving_picture`` writes
GIF and MP4. Pillow is needed for pictures alone and PyAV for MP4 alone, so ``command`` loads them when they are wanted.
"""
