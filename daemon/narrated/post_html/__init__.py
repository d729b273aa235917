"""A post as HTML: its text in its structure, with the sentences marked that are spoken."""
