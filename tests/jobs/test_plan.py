"""Keys and seeds: what makes two pieces of sound the same."""

import json
from dataclasses import replace

import msgspec
import pytest

from narrated.engines.engine_info import EngineInfo
from narrated.engines.interface import Mark
from narrated.jobs.plan import OutputSettings, Plan, PlanOutdated, chunk_digest, seed, take_key
from narrated.script.script import Chunk, Draft, ReadingSettings, Role, Script, Speaker

ONE = "1f" * 32
OTHER = "2e" * 32
ENGINE = EngineInfo("espeak", "speech", "espeak-1", 22050, {"en-us": "9a"}, 8)
FRONTED = replace(ENGINE, front="1")
SPEAKER = Speaker("espeak", "en-us", {"rate": 200})
PLAIN = Chunk("one", 0, Role.PARAGRAPH, "The A P I.", 0.5)
MARKED = msgspec.structs.replace(PLAIN, marks=(Mark(4, 9, "letters"),))


def test_takes_have_own_key_and_seed() -> None:
    """Each take of a chunk has its own key and seed."""
    assert len({take_key(ONE, take) for take in range(8)}) == 8
    assert len({seed(ONE, take) % 8 for take in range(8)}) == 8


def test_first_take_is_the_plain_one() -> None:
    """The first take is the engine's plain one."""
    assert seed(ONE, 0) % 8 == 0


def test_chunks_share_no_key_or_seed() -> None:
    """Two chunks share neither key nor seed."""
    assert take_key(ONE, 0) != take_key(OTHER, 0)
    assert seed(ONE, 0) != seed(OTHER, 0)


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"plan":' * 100_000, b"", b"\xff", b"[]"])
def test_strange_plan_is_outdated(content: bytes) -> None:
    """A plan that cannot be read back is made again."""
    with pytest.raises(PlanOutdated):
        Plan.decode(content)


def test_digest_outlives_an_upgrade() -> None:
    """A chunk without marks, or of an engine without a front, keeps its digest of before."""
    before = "d81c7f25ca0b944e833df6c1172bed534bb8ac9fce61b4760fc06d49216fe476"
    assert chunk_digest(PLAIN, SPEAKER, ENGINE) == before
    assert chunk_digest(PLAIN, SPEAKER, FRONTED) == before
    assert chunk_digest(MARKED, SPEAKER, ENGINE) == before


def test_front_is_part_of_the_digest() -> None:
    """A front's version and the marks that it sees are part of a chunk's digest."""
    engines = (ENGINE, FRONTED, replace(ENGINE, front="2"))
    assert len({chunk_digest(MARKED, SPEAKER, each) for each in engines}) == 3


def _draft(speakers: dict[str, Speaker]) -> Draft:
    return Draft("text", "T", "", "", "en", True, speakers, (), Script((), ()), (PLAIN,))


def _plan(speed: float | None) -> Plan:
    draft = _draft({"narrator": msgspec.structs.replace(SPEAKER, speed=speed)})
    return Plan(draft, OutputSettings(), ReadingSettings(), (ONE,), (0,), (ONE,), {})


def test_speed_makes_another_narration() -> None:
    """Another speed is another narration of the same takes; speed 1 is that of before."""
    before = "25f526dbe96a872db8a10179d484d21376004a4b629cb0f51e255767d48f65fd"
    assert _plan(None).narration == _plan(1.0).narration == before
    assert len({_plan(speed).narration for speed in (1.0, 1.2, 1.5)}) == 3
    faster = msgspec.structs.replace(SPEAKER, speed=1.2)
    assert chunk_digest(PLAIN, faster, ENGINE) == chunk_digest(PLAIN, SPEAKER, ENGINE)


def test_values_of_before_are_no_news() -> None:
    """Output as it was before a field was there keeps its digest; another value changes it."""
    before = _plan(None)
    digests = {before.narration}
    for change in ({"loudness": -16.0}, {"channels": "stereo"}, {"intro": "Hello."}):
        output = msgspec.structs.replace(before.output, **change)
        digests.add(msgspec.structs.replace(before, output=output).narration)
    assert len(digests) == 4
    stored = json.loads(before.encode())
    for name in OutputSettings.later_fields():
        del stored["edition"][name]
    assert Plan.decode(json.dumps(stored).encode()).narration == before.narration


def test_narrators_rate_is_in_digests() -> None:
    """An engine's rate for a narrator makes other takes, but not of a speaker that sets one."""
    paced = replace(ENGINE, narrator_options={"rate": 148})
    plain = msgspec.structs.replace(SPEAKER, options={"pitch": 40})
    assert chunk_digest(PLAIN, SPEAKER, paced) == chunk_digest(PLAIN, SPEAKER, ENGINE)
    assert chunk_digest(PLAIN, plain, paced) != chunk_digest(PLAIN, plain, ENGINE)


def test_steady_options_are_usual() -> None:
    """Options of a narrator go before steady ones, and both are those of a speaker without."""
    engine = replace(ENGINE, narrator_options={"rate": 148}, steady_options={"min_eos_p": 0.2})
    assert engine.usual_options == {"rate": 148, "min_eos_p": 0.2}
    assert replace(engine, steady_options={"rate": 1}).usual_options == {"rate": 148}


def test_request_has_the_planned_rate() -> None:
    """A request asks for the rate of its plan; one of before there was such a rate has none."""
    speakers = {"narrator": msgspec.structs.replace(SPEAKER, options={"pitch": 40})}
    before = msgspec.structs.replace(_plan(None), draft=_draft(speakers))
    assert before.header(0)["options"] == {"pitch": 40}
    paced = msgspec.structs.replace(before, narrator_options={"espeak": {"rate": 148}})
    assert paced.header(0)["options"] == {"rate": 148, "pitch": 40}
    own = msgspec.structs.replace(_plan(None), narrator_options={"espeak": {"rate": 148}})
    assert own.header(0)["options"] == {"rate": 200}
