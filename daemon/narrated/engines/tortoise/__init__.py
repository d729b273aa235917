"""Tortoise: text to codes to sound in a voice of clips, over the modules of tortoise-tts."""
