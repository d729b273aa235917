"""Piper's voices on the disk: which there are, which speaks a language, and what they lack."""

from pathlib import Path

import pytest

from engines.piper_voice_files import voice_files
from narrated.config.values import ModelsConfig
from narrated.engines.piper.voices import PiperVoices
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.errors import EngineUnavailable
from narrated.voices.descriptions import describe_voices
from narrated.voices.known_names import known_names

GERMAN, AMERICAN, BRITISH = "de_DE-thorsten-medium", "en_US-joe-medium", "en_GB-alba-medium"


def pulled(models: Path, name: str, **config: object) -> Path:
    """Write a voice as `narrated models pull` does."""
    return voice_files(models / "piper" / name, name, **config)


@pytest.fixture
def voices(tmp_path: Path) -> PiperVoices:
    """Voices of a machine that has three."""
    for name in (GERMAN, AMERICAN, BRITISH):
        pulled(tmp_path / "models", name)
    return PiperVoices(tmp_path / "models", tmp_path / "voices")


@pytest.mark.parametrize(
    ("language", "name"),
    [("en", AMERICAN), ("en-GB", BRITISH), ("en-AU", AMERICAN), ("de", GERMAN), ("de-AT", GERMAN)],
)
def test_voice_of_a_language(voices: PiperVoices, language: str, name: str) -> None:
    """Without a name, the voice of the language speaks: of its country, else of the usual one."""
    assert voices.find("", language).files.name == name


def test_better_quality_first(voices: PiperVoices, tmp_path: Path) -> None:
    """Of two voices of a country, the one of the better quality speaks."""
    pulled(tmp_path / "models", "de_DE-anna-low")
    assert voices.find("", "de").files.name == GERMAN
    pulled(tmp_path / "models", "de_DE-anna-high")
    assert voices.find("", "de").files.name == "de_DE-anna-high"


def test_language_without_a_voice(voices: PiperVoices) -> None:
    """A language that no voice speaks is refused with the command that brings one."""
    assert voices.languages() == {"de", "en"}
    with pytest.raises(EngineUnavailable, match="no voice of the language 'fr'") as refused:
        voices.find("", "fr")
    assert "narrated models pull" in refused.value.remedy


def test_missing_voice(voices: PiperVoices) -> None:
    """A voice of Piper's that is not here is told with its pull, another with similar names."""
    with pytest.raises(EngineUnavailable) as refused:
        voices.find("fr_FR-siwis-medium", "en")
    assert refused.value.remedy == "narrated models pull fr_FR-siwis-medium"
    with pytest.raises(EngineUnavailable) as refused:
        voices.find("en_US-jo-medium-2", "en")
    assert "en_US-joe-medium" in refused.value.remedy
    with pytest.raises(EngineUnavailable) as refused:
        voices.find("zoë", "en")
    assert "Put zoë.onnx and zoë.onnx.json into" in refused.value.remedy


def test_own_voice(voices: PiperVoices, tmp_path: Path) -> None:
    """A voice of one's own goes before a pulled one; a change of its files is another voice."""
    before = voices.listed()
    own = tmp_path / "voices"
    weights = voice_files(own / "family", "anna", language={"code": "fr_FR"})
    voice_files(own, AMERICAN, language={"code": "en_US"})
    assert set(voices.listed()) == {GERMAN, AMERICAN, BRITISH, "family/anna"}
    assert voices.find("", "fr").files.weights == weights
    assert voices.digest(AMERICAN) != before[AMERICAN]
    first = voices.digest("family/anna")
    weights.write_bytes(b"trained on")
    assert voices.digest("family/anna") == voices.listed()["family/anna"] != first


def test_half_a_voice(voices: PiperVoices, tmp_path: Path) -> None:
    """Weights without a configuration, hidden files and links that lead out are no voices."""
    own = tmp_path / "voices"
    voice_files(own, "half").with_suffix(".onnx.json").unlink()
    voice_files(own / ".hidden", "one")
    voice_files(tmp_path / "elsewhere", "out")
    for suffix in (".onnx", ".onnx.json"):
        (own / f"out{suffix}").symlink_to(tmp_path / "elsewhere" / f"out{suffix}")
    assert set(voices.listed()) == {GERMAN, AMERICAN, BRITISH}


def test_speakers(tmp_path: Path) -> None:
    """Each speaker of a voice with several is a voice too; an unknown one is told with others."""
    name = "en_US-many-medium"
    speakers = {"num_speakers": 3, "speaker_id_map": {"p1": 0, "p2": 2}}
    pulled(tmp_path, name, **speakers)
    voices = PiperVoices(tmp_path, tmp_path / "voices")
    assert [*voices.listed()] == [name, f"{name}#p1", f"{name}#p2"] == voices.names()
    assert len({*voices.listed().values()}) == 3
    assert voices.digest(f"{name}#p2") == voices.listed()[f"{name}#p2"]
    assert voices.find(f"{name}#p2", "en").speaker == 2
    assert voices.find(name, "en").speaker is None
    assert voices.digest(f"{name}#p3") == ""
    with pytest.raises(EngineUnavailable, match="no speaker 'p3'") as refused:
        voices.find(f"{name}#p3", "en")
    assert refused.value.remedy == "It has: p1, p2."


@pytest.mark.parametrize(
    "text", ["", "[]", "[" * 100_000, '{"num_speakers": 1e9}', '{"language": 3, "espeak": []}']
)
def test_broken_configuration(tmp_path: Path, text: str) -> None:
    """A configuration that is none leaves the voice in the list: to load it tells what is wrong."""
    weights = pulled(tmp_path, AMERICAN)
    weights.with_suffix(".onnx.json").write_text(text)
    voices = PiperVoices(tmp_path, tmp_path / "voices")
    assert voices.names() == [AMERICAN] and voices.languages() == {"en"}


def test_described_by_their_names(voices: PiperVoices, tmp_path: Path) -> None:
    """Voices are listed with language, accent, and sex as far as it is known, and the default."""
    spec = BUILT_IN_ENGINES["piper"]
    pulled(tmp_path / "models", "cs_CZ-jirka-medium")
    names = known_names(spec, ModelsConfig(folder=tmp_path / "models", voices=tmp_path / "voices"))
    told = {each.name: each for each in describe_voices(spec, names, "", "en-GB")}
    joe, alba, jirka = told[AMERICAN], told[BRITISH], told["cs_CZ-jirka-medium"]
    assert (joe.code, joe.language, joe.accent, joe.sex) == ("en-US", "English", "American", "male")
    assert (jirka.language, jirka.sex) == ("Czech", "")
    assert alba.default and not joe.default
    assert joe.fits("en") and joe.fits("male") and joe.fits("piper") and not joe.fits("en-gb")
