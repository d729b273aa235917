"""espeak's own phonemes of a text."""

import ctypes
import shutil
import tempfile
from functools import cache
from pathlib import Path

import espeakng_loader

_RETRIEVAL, _UTF8 = 2, 1


@cache
def _library():
    # A copy: the engine unloads the library after each text, to lose its state.
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(espeakng_loader.get_library_path(), Path(folder, "espeak.so"))
        library = ctypes.CDLL(copy)
    library.espeak_Initialize(_RETRIEVAL, 0, str(espeakng_loader.get_data_path()).encode(), 0x8000)
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    return library


def phonemes(text, voice="en-us"):
    """The phonemes of a text, its clauses parted by |."""
    library = _library()
    assert library.espeak_SetVoiceByName(voice.encode()) == 0
    buffer = ctypes.create_string_buffer(text.encode() + b"\0")
    rest = ctypes.c_void_p(ctypes.addressof(buffer))
    clauses = []
    while rest.value:
        clauses.append(library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, 0).decode())
    return " | ".join(clauses)


def sound(text, voice="en-us"):
    """The phonemes without stress, length and spaces, and with each vowel's full form."""
    said = phonemes(text, voice)
    for sign in "',;:#_ |-":
        said = said.replace(sign, "")
    return said.replace("I2", "I")
