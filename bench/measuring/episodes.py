"""Twenty unlike episodes for `bench/sound.py`: voices, languages, lengths and levels."""

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from measuring import texts
from measuring.measured_daemon import MeasuredDaemon

WORDS_A_MINUTE = 150

_SENTENCES = {
    "de": (
        "Zwei Prozesse teilen sich den Speicher, und keiner wartet auf den anderen.",
        "Wer misst, der findet, und wer rät, der sucht noch lange.",
        "Am Abend war der Fehler fort, am Morgen stand er wieder da!",
        "Warum läuft das Programm auf einem Rechner schnell und auf dem anderen nicht?",
        "Die Schlange im Puffer zischt leise, solange niemand sie stört.",
    ),
    "fr": (
        "Longtemps, je me suis couché de bonne heure, et le serveur veillait pour moi.",
        "Personne ne sait pourquoi la mémoire se remplit chaque nuit.",
        "Il suffit de mesurer, puis de recommencer; le reste vient tout seul!",
        "Qui donc a choisi ce nom pour une variable?",
    ),
    "es": (
        "En un lugar de la red, de cuyo nombre no quiero acordarme, vivía un proceso.",
        "Nadie sabe por qué el archivo ocupa ocho veces más que ayer.",
        "¿Quién cerró la conexión antes de tiempo?",
        "Medir es fácil; lo difícil es creer lo que se mide.",
    ),
    "it": (
        "Il programma si avvia, legge la configurazione e poi aspetta.",
        "Chi misura trova, e chi indovina cerca ancora a lungo.",
        "Perché la coda si riempie soltanto di notte?",
    ),
    "ru": (
        "Сервер работает, и никто не знает почему.",
        "Все быстрые программы похожи друг на друга, каждая медленная медленна по-своему.",
        "Кто измеряет, тот находит!",
    ),
    "pl": (
        "Program czyta plik, a potem czeka na następny.",
        "Szczegóły zawsze siedzą w szczelinach między szybkimi częściami.",
        "Kto mierzy, ten znajdzie!",
    ),
}


@dataclass(frozen=True, slots=True)
class Episode:
    """A post, and the voice that speaks it."""

    name: str
    engine: str
    voice: str
    seconds: int
    """About the length of its sound."""
    speed: float = 1.0
    is_silent: bool = False

    def source(self, shorter: float = 1.0) -> str:
        """The post, with the settings of its voice."""
        language = self.voice.split("-")[0].lower()
        words = max(4, round(self.seconds / shorter * self.speed / 60 * WORDS_A_MINUTE))
        front = f"engine: {self.engine}\nvoice: {self.voice}\nspeed: {self.speed}\n"
        body = _english(words) if language == "en" else _foreign(words, language)
        return f"---\nlang: {self.voice}\n{front}---\n\n{body}\n"


EPISODES = (
    Episode("long", "pico", "en-US", 600),
    Episode("talk", "espeak", "en-gb", 300),
    Episode("fast", "espeak", "en-us", 120, speed=1.7),
    Episode("slow", "pico", "en-GB", 60, speed=0.7),
    Episode("moment", "pico", "en-US", 3),
    Episode("word", "espeak", "en-us", 3),
    Episode("note", "espeak", "en-gb-scotland", 15),
    Episode("german", "pico", "de-DE", 90),
    Episode("deutsch", "espeak", "de", 60),
    Episode("french", "pico", "fr-FR", 40),
    Episode("français", "espeak", "fr-fr", 90),
    Episode("spanish", "pico", "es-ES", 60),
    Episode("español", "espeak", "es", 20),
    Episode("italian", "pico", "it-IT", 12),
    Episode("russian", "espeak", "ru", 75),
    Episode("polish", "espeak", "pl", 45),
    Episode("quiet", "quiet", "en-gb", 60),
    Episode("whisper", "whisper", "en-us", 10),
    Episode("clipped", "clipped", "en-us", 60),
    Episode("silent", "silent", "en-gb", 20, is_silent=True),
)

_NOTE = "Here is a short note for the morning."
_GAINS_DB = {"quiet": -14, "whisper": -26, "clipped": 24, "silent": -200}


def narrated(
    home: Path, format: str, cache: Path, shorter: float, **audio: Any
) -> dict[Episode, Path]:
    """Narrate all episodes with the program's defaults; the audio file of each."""
    here = str(Path(__file__).parent)
    engines = {
        name: {"module": "scaled_voice", "path": here, "options": {"gain_db": gain_db}}
        for name, gain_db in _GAINS_DB.items()
    }
    audio = {"format": format, **audio}
    daemon = MeasuredDaemon(home, cache=str(cache), engines=engines, audio=audio)
    for episode in EPISODES:
        daemon.drop(f"{episode.name}.md", episode.source(shorter))
    daemon.once()
    return {each: daemon.outbox / f"{each.name}.{format}" for each in EPISODES}


def _english(words: int) -> str:
    return texts.post(words, seed=words) if words > 20 else _NOTE


def _foreign(words: int, language: str) -> str:
    chance, sentences, count = Random(language), [], 0
    while count < words:
        sentences.append(chance.choice(_SENTENCES[language]))
        count += len(sentences[-1].split())
    paragraphs = [" ".join(sentences[start : start + 4]) for start in range(0, len(sentences), 4)]
    return "\n\n".join(paragraphs)
