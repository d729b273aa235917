"""Sound as files: PCM, encoding, tags, transcripts."""
