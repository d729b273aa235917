"""Recognise a picture's description that no model made: its kind, shape and colours alone.

`engines/model_free_captioner.py` words it; a test holds the two together.
"""

import re

HOW_TO_CAPTION = (
    "No captioning model has looked at this picture. To hear what it shows, run "
    "`narrated models pull blip`, and set `pictures: {captions: blip}` in narrated.yaml."
)
_MODEL_FREE = re.compile(
    r"(?:An image|An animated image|A photograph|A screenshot)[,:] "
    r"(?:a single point|(?:very |nearly )?(?:wide|square|tall))(?:[,.]|\Z)"
)


def is_model_free(caption: str) -> bool:
    """True if a caption, or its spoken form, tells only the kind, shape and colours."""
    return _MODEL_FREE.match(caption) is not None
