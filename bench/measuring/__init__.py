"""Parts that the benches share; they use the tests' own, too.

A bench may be called like a folder of tests, and would hide it: the folder of benches, where the
interpreter looks first when it runs one, leaves the path.
"""

import sys
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]
_BENCHES = str(_CHECKOUT / "bench")
sys.path[:] = [folder for folder in sys.path if folder != _BENCHES]
sys.path += [str(_CHECKOUT / "daemon"), str(_CHECKOUT / "tests")]
