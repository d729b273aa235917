"""Neural captioners, which describe pictures in batches."""
