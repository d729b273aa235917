"""Hearing engines: Whisper by transformers, and by CTranslate2."""
