"""What the programs beside this share.

A program may be called like a package that it measures, and must not hide it: their folder, where
the interpreter looks first when it runs one, goes to the end of the path.
"""

import sys
from pathlib import Path

_PROGRAMS = str(Path(__file__).parents[1])
if _PROGRAMS in sys.path:
    sys.path.remove(_PROGRAMS)
    sys.path.append(_PROGRAMS)
