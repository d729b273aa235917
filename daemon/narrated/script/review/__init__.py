"""The script as a file that a person edits: written, read, merged with the post, and said."""
