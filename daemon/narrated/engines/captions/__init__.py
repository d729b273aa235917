"""Neural captioners: pictures opened as they are meant, and described in batches."""
