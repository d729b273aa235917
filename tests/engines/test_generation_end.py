"""An engine's word on the end of a take: kept where it can be, and dropped where not."""

import itertools

import pytest

from narrated.engines.generation_end import GenerationEnd


@pytest.mark.parametrize("ended", [True, False, None])
@pytest.mark.parametrize("tokens", [(412, 768), (0, 0), None])
def test_end_survives_a_frame(ended, tokens):
    """What an engine tells comes out of a frame's header as it went in."""
    end = GenerationEnd(ended, tokens)
    assert GenerationEnd.checked({"sample_rate": 24000, **end.fields}) == end


@pytest.mark.parametrize(
    "tokens",
    [(2, 1), (-1, 5), (1.5, 2), "12", ("1", "2"), 7, (1, 2, 3), (1, 10**40), itertools.count()],
)
@pytest.mark.parametrize("ended", ["false", 1, [], {"ended": True}])
def test_impossible_end_is_dropped(ended, tokens):
    """Nonsense from an engine tells nothing, and fails nothing."""
    assert GenerationEnd.checked({"ended": ended, "tokens": tokens}) == GenerationEnd()
