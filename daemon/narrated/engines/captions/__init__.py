"""Neural captioners: pictures opened as they are meant, described in batches, told in a sentence."""
