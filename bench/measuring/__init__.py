"""Parts that the benches share; they use the tests' own, too.

A bench may be called like a package that it measures, and must not hide it: the folder of benches,
where the interpreter looks first when it runs one, goes to the end of the path.
"""

import sys
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]
_BENCHES = str(_CHECKOUT / "bench")
if _BENCHES in sys.path:
    sys.path.remove(_BENCHES)
sys.path += [str(_CHECKOUT / "daemon"), str(_CHECKOUT / "tests"), _BENCHES]
