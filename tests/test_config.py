"""The configuration: found in a fixed order, read strictly, errors with key and remedy."""

import asyncio
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from narrated.cli.main import main
from narrated.config.file import (
    create,
    find_file,
    load,
    parse,
    scratch_config,
    to_yaml,
    unconfigured_models,
)
from narrated.config.folder_overlap import FolderPlace, place_of, refuse_overlap
from narrated.config.podcast import show_of
from narrated.config.values import Config
from narrated.config.worker_specs import model_resources, worker_specs
from narrated.errors import ConfigurationError
from narrated.service.housekeeping.folder_overlaps import FolderOverlaps

TWO_LINES = "inbox: in\noutbox: out\n"
UNSET = dict.fromkeys(
    f"{prefix}{use}{suffix}"
    for use in ("CONFIG", "STATE", "CACHE")
    for prefix, suffix in (("XDG_", "_HOME"), ("", "_DIRECTORY"))
)
"""The developer's own folders are not the tests'."""


def _parse(text: str, tmp_path: Path) -> Config:
    return parse(text, tmp_path / "narrated.yaml", {"HOME": str(tmp_path / "home")})


def _refusal(text: str, tmp_path: Path) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as refused:
        _parse(text, tmp_path)
    return refused.value


BOX = {"socket": "/run/narrated-workers/box2.sock", "engines": ["bark"], "memory": "20GB"}


def with_box(name: str = "box2", **entries: object) -> str:
    return yaml.safe_dump({**yaml.safe_load(TWO_LINES), "boxes": {name: {**BOX, **entries}}})


def test_box_has_a_worker(tmp_path: Path) -> None:
    """A box has a worker of its own, with its engines and its memory; they run here as well."""
    only = {"workers": {"only_boxes": ["bark"]}, "speech": {"engine": "bark"}}
    for more, here in (({"speech": {"engine": "bark"}}, 1), (only, 0)):
        text = yaml.safe_dump({**yaml.safe_load(with_box()), **more})
        *others, worker = worker_specs(parse(text, tmp_path / "narrated.yaml", {}))
        assert (worker.name, worker.socket) == ("box2", BOX["socket"])
        assert [each.name for each in worker.engines] == ["bark"]
        assert worker.resources.memory_bytes == 20 * 10**9
        assert sum(each.name == "bark" for spec in others for each in spec.engines) == here


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (with_box("models"), "cannot be the name of a box"),
        (with_box("../etc"), "cannot be the name of a box"),
        (with_box(engines=[]), "has no engines"),
        (with_box(engines=["nobody"]), "no engine named `nobody`"),
        (with_box(socket="/" + 120 * "x"), "more than 107 bytes"),
        (with_box(workers=0), "`workers: 0` cannot be"),
        (with_box(port=22), "unknown key `boxes.port`"),
        (TWO_LINES + "workers: {only_boxes: [bark]}", "no box has the engine `bark`"),
    ],
)
def test_wrong_box_is_refused(text: str, problem: str) -> None:
    """A box that cannot be is refused, with its key."""
    with pytest.raises(ConfigurationError, match=problem):
        parse(text, Path("/etc/narrated/narrated.yaml"), {})


def test_two_lines_are_enough(tmp_path: Path) -> None:
    """Two lines are enough."""
    config = _parse(TWO_LINES, tmp_path)
    assert config.inbox == tmp_path / "in"
    assert config.outbox == tmp_path / "out"
    assert config.state == tmp_path / "home/.local/state/narrated"
    assert config.cache == tmp_path / "home/.cache/narrated"
    assert (config.after, config.removed, config.audio.format) == ("keep", "keep", "mp3")
    assert config.cache_limit == 20 * 10**9


def test_systemd_folders_are_defaults(tmp_path: Path) -> None:
    """State and cache default to the folders systemd made."""
    environ = {"STATE_DIRECTORY": "/var/lib/narrated", "CACHE_DIRECTORY": "/var/cache/narrated"}
    config = parse(TWO_LINES, tmp_path / "narrated.yaml", environ)
    assert config.state == Path("/var/lib/narrated")
    assert config.cache == Path("/var/cache/narrated")


def test_models_default_to_the_state(tmp_path: Path) -> None:
    """Models and voices stand in the state unless named."""
    models = _parse(TWO_LINES + "state: st\n", tmp_path).models
    assert (models.folder, models.voices) == (tmp_path / "st/models", tmp_path / "st/voices")
    named = _parse(TWO_LINES + "models: {folder: big, voices: ~/voices}\n", tmp_path).models
    assert (named.folder, named.voices) == (tmp_path / "big", Path("~/voices").expanduser())


def test_workers_with_models_are_counted(tmp_path: Path) -> None:
    """Each worker with models knows how many share the cores; the others count for none."""
    one = _parse(TWO_LINES + "speech: {engine: bark}\n", tmp_path)
    assert {each.resources.workers_on_host for each in worker_specs(one)} == {1}
    apart = "engines: {tortoise: {python: /opt/pins/bin/python}}\n"
    two = _parse(TWO_LINES + "speech: {engine: bark}\n" + apart, tmp_path)
    assert {each.resources.workers_on_host for each in worker_specs(two)} == {2}


def test_latents_stay_in_the_cache(tmp_path: Path) -> None:
    """Workers keep costly latents in the cache."""
    assert model_resources(_parse(TWO_LINES + "cache: ca\n", tmp_path)).cache == str(
        tmp_path / "ca/latents"
    )


def test_unconfigured_model_folder() -> None:
    """Without a configuration, models have the folder of a first configuration."""
    system = os.geteuid() == 0
    folder = unconfigured_models({"HOME": "/home/me"}).folder
    assert folder == Path("/var/lib" if system else "/home/me/.local/state") / "narrated/models"
    named = unconfigured_models({"HOME": "/home/me", "NARRATED_CONFIG": "/home/me/mine.yaml"})
    assert named.folder == Path("/home/me/.local/state/narrated/models")


@pytest.mark.parametrize(
    ("written", "seconds"), [("never", math.inf), ("10m", 600), ("0", 0), ("30", 30)]
)
def test_idle_unload_reads_and_writes(tmp_path: Path, written: str, seconds: float) -> None:
    """An unused model is unloaded after a while or never."""
    config = _parse(TWO_LINES + f"models: {{idle_unload: {written}, memory: 8GiB}}\n", tmp_path)
    assert config.models.idle_unload == seconds
    assert config.models.memory == 8 * 2**30
    entries = yaml.safe_load(to_yaml(config))
    assert _parse(yaml.safe_dump({"models": entries["models"]}) + TWO_LINES, tmp_path) == config


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("outbx: out", "`outbx`", "Did you mean `outbox`?"),
        ("speech: {voise: en-gb}", "`speech.voise`", "Did you mean `voice`?"),
        ("audio: {formt: mp3}", "`audio.formt`", "Did you mean `format`?"),
        ("models: {memry: 8GB}", "`models.memry`", "Did you mean `memory`?"),
        ("workers: {silense: 5s}", "`workers.silense`", "Did you mean `silence`?"),
        ("zzz: 1", "`zzz`", "Remove it."),
        ("source: here", "`source`", "Remove it."),
    ],
)
def test_unknown_key_gets_a_suggestion(tmp_path: Path, text: str, key: str, hint: str) -> None:
    """An unknown key is named with a suggestion."""
    error = _refusal(TWO_LINES + text + "\n", tmp_path)
    assert "unknown key" in error.problem
    assert key in error.problem
    assert str(tmp_path / "narrated.yaml") in error.problem
    assert hint in error.remedy


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("settle: soon", "`settle`"),
        ("settle: true", "`settle`"),
        ("settle: -1s", "`settle`"),
        ("cache_limit: much", "`cache_limit`"),
        ("after: burn", "`after`"),
        ("audio: {format: au}", "`audio.format`"),
        ("audio: mp3", "`audio`"),
        ("workers: {encoders: two}", "`workers.encoders`"),
        ("workers: {encoders: 0}", "`workers.encoders`"),
        ("ignore: drafts", "`ignore`"),
        ("order: random", "`order`"),
        ("since: yesterday", "`since`"),
        ("since: 2024", "`since`"),
        ("models: {memory: much}", "`models.memory`"),
        ("models: {idle_unload: soon}", "`models.idle_unload`"),
        ("models: {idle_unload: false}", "`models.idle_unload`"),
        ("reading: {pauses: {paragraph: long}}", "`reading.pauses"),
        ("reading: {pauses: {pragraph: 1}}", "`reading.pauses"),
        ("reading: {pauses: {paragraph: -1}}", "`reading.pauses"),
        ("reading: {dialects: {obsidain: off}}", "`reading.dialects"),
        ("reading: {dialects: {obsidian: sometimes}}", "`reading.dialects"),
        ("speech: {speakers: {quot: {voice: en-gb}}}", "`speech.speakers"),
        ("speech: {options: {rate: [1]}}", "`speech.options"),
    ],
)
def test_wrong_value_names_its_key(tmp_path: Path, text: str, key: str) -> None:
    """A wrong value names its key."""
    error = _refusal(TWO_LINES + text + "\n", tmp_path)
    assert key in error.problem
    assert error.remedy


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds no settings"),
        ("- inbox", "holds no settings"),
        ("inbox: [", "not valid YAML"),
        ("inbox: in", "`outbox` is missing"),
        (TWO_LINES + "after: archive", "`after: archive`"),
        (TWO_LINES + "since: 2024-13-40", "not valid YAML"),
        (TWO_LINES + "speech: {engine: nobody}", "no engine named `nobody`"),
    ],
)
def test_unusable_file_says_why(tmp_path: Path, text: str, problem: str) -> None:
    """An unusable configuration says why."""
    error = _refusal(text, tmp_path)
    assert problem in error.problem
    assert error.remedy


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("inbox: in\noutbox: in/out", ("inbox", "outbox")),
        ("inbox: box/in\noutbox: box", ("inbox", "outbox")),
        ("inbox: same\noutbox: same", ("inbox", "outbox")),
        (TWO_LINES + "state: in/state", ("inbox", "state")),
        (TWO_LINES + "cache: out/cache", ("cache", "outbox")),
        (TWO_LINES + "after: archive\narchive: in/old", ("inbox", "archive")),
        (TWO_LINES + "models: {folder: in/models}", ("inbox", "models.folder")),
        (TWO_LINES + "models: {folder: out/models}", ("models.folder", "outbox")),
    ],
)
def test_nested_folders_are_refused(tmp_path: Path, text: str, keys: tuple[str, str]) -> None:
    """Folders inside one another are refused, by their paths alone."""
    error = _refusal(text + "\n", tmp_path)
    assert all(f"`{key}`" in error.problem for key in keys)
    assert "Name" in error.remedy


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("inbox: in\noutbox: link", ("inbox", "outbox")),
        ("inbox: link/deeper\noutbox: in", ("inbox", "outbox")),
        (TWO_LINES + "models: {voices: link/voices}", ("inbox", "models.voices")),
        ("inbox: posts\noutbox: in\ncache: link/cache", ("cache", "outbox")),
    ],
)
def test_linked_overlap_is_refused(tmp_path: Path, text: str, keys: tuple[str, str]) -> None:
    """Folders that lie inside one another by a link are refused by a look at their disks."""
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to("in")
    config = _parse(text + "\n", tmp_path)
    with pytest.raises(ConfigurationError) as refused:
        asyncio.run(FolderOverlaps(lambda: config).look(config))
    assert all(f"`{key}`" in refused.value.problem for key in keys)
    assert "Name" in refused.value.remedy


def test_second_name_is_no_way_around(tmp_path: Path) -> None:
    """A folder that has a second name, as of a bind mount, is one folder."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    real = place_of(inbox)
    bound = FolderPlace(Path("/mnt/box"), real.identity)
    inside = FolderPlace(Path("/mnt/box/out"), (0, 0), (real.identity or (0, 1),))
    for other in (bound, inside):
        with pytest.raises(ConfigurationError, match=r"`outbox` .* overlap"):
            refuse_overlap(_parse(TWO_LINES, tmp_path), {"inbox": real, "outbox": other})


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("250ms", 0.25), ("5s", 5), ("2m", 120), ("1h", 3600), ("1d", 86400), ("3", 3), ("0.5", 0.5)],
)
def test_durations_have_units(tmp_path: Path, written: str, seconds: float) -> None:
    """Durations are read as people write them."""
    assert _parse(f"{TWO_LINES}settle: {written}\n", tmp_path).settle == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("written", "count"),
    [("64k", 64_000), ("500MB", 500 * 10**6), ("20GB", 20 * 10**9), ("8GiB", 8 * 2**30), ("7", 7)],
)
def test_sizes_have_units(tmp_path: Path, written: str, count: int) -> None:
    """Sizes are read as people write them."""
    assert _parse(f"{TWO_LINES}cache_limit: {written}\n", tmp_path).cache_limit == count


def test_file_is_found_in_fixed_order(tmp_path: Path) -> None:
    """The configuration is found in a fixed order."""
    system, users = tmp_path / "system.yaml", tmp_path / "xdg/narrated/narrated.yaml"
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path)}
    with pytest.raises(ConfigurationError, match="config init"):
        find_file(None, environ, system)
    system.touch()
    assert find_file(None, environ, system) == system
    users.parent.mkdir(parents=True)
    users.touch()
    assert find_file(None, environ, system) == users
    named = {**environ, "NARRATED_CONFIG": str(tmp_path / "named.yaml")}
    assert find_file(None, named) == tmp_path / "named.yaml"
    assert find_file(tmp_path / "given.yaml", named) == tmp_path / "given.yaml"


def test_shown_config_is_readable(tmp_path: Path) -> None:
    """The YAML of `config show` can be read back."""
    config = _parse(TWO_LINES + "audio: {bitrate: 64k}\nignore: ['drafts/*']\n", tmp_path)
    entries = yaml.safe_load(to_yaml(config))
    del entries["source"]
    again = parse(yaml.safe_dump(entries), tmp_path / "narrated.yaml")
    assert to_yaml(again) == to_yaml(config)


def test_create_never_overwrites(tmp_path: Path) -> None:
    """A first configuration never replaces an existing one."""
    path = tmp_path / "new/narrated.yaml"
    assert create(path, TWO_LINES) == path
    assert load(path).inbox == tmp_path / "new/in"
    with pytest.raises(ConfigurationError, match="is there already"):
        create(path, "something else")
    assert path.read_text() == TWO_LINES


def test_scratch_config_has_one_folder(tmp_path: Path) -> None:
    """A scratch configuration writes nothing outside its folder."""
    config = scratch_config(
        _parse(TWO_LINES, tmp_path), tmp_path / "elsewhere", tmp_path / "scratch"
    )
    for place in (config.outbox, config.state, config.cache):
        assert place.is_relative_to(tmp_path / "scratch")


def test_unreadable_file_is_named(tmp_path: Path) -> None:
    """A file that cannot be read is named."""
    with pytest.raises(ConfigurationError, match=r"none\.yaml"):
        load(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"inbox: caf\xe9\n")
    with pytest.raises(ConfigurationError, match=r"latin\.yaml"):
        load(tmp_path / "latin.yaml")


def _narrated(*arguments: str, **environ: str) -> Result:
    return CliRunner(env={**UNSET, **environ}).invoke(main, arguments)


def _process(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `narrated` in a process of its own."""
    env = {name: value for name, value in os.environ.items() if name not in UNSET} | environ
    command = [sys.executable, "-m", "narrated.cli.main", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_init_by_root_is_the_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's first configuration names the system's folders, a user's those of the user."""
    home = {"HOME": str(tmp_path), "NARRATED_CONFIG": str(tmp_path / "mine.yaml")}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    printed = yaml.safe_load(_narrated("config", "init", "--print", **home).stdout)
    assert (printed["inbox"], printed["outbox"]) == ("/srv/narrated/inbox", "/srv/narrated/outbox")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    printed = yaml.safe_load(_narrated("config", "init", "--print", **home).stdout)
    assert printed["inbox"] == f"{tmp_path}/narrated/inbox"


def test_init_check_and_show_agree(tmp_path: Path) -> None:
    """Init check and show go together."""
    home = {"HOME": str(tmp_path), "NARRATED_CONFIG": str(tmp_path / "mine.yaml")}
    folders = ("--inbox", str(tmp_path / "in"), "--outbox", str(tmp_path / "out"))
    refused = _process("config", "check", **home)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "config init" in refused.stderr
    assert _narrated("config", "check", **home).exit_code == 3
    assert _narrated("config", "init", *folders, **home).exit_code == 0
    checked = _narrated("config", "check", **home)
    assert checked.stdout == f"{tmp_path}/mine.yaml can be used.\n"
    entries = yaml.safe_load(_narrated("config", "show", **home).stdout)
    assert entries["inbox"] == str(tmp_path / "in")
    assert entries["cache_limit"] == 20 * 10**9
    again = _narrated("config", "init", *folders, **home)
    assert again.exit_code == 3
    assert "is there already" in again.stderr
    printed = _narrated("config", "init", "--print", *folders, **home)
    assert yaml.safe_load(printed.stdout)["outbox"] == str(tmp_path / "out")


def test_example_lists_every_key() -> None:
    """The commented configuration lists every key."""
    root = Path(__file__).parents[1]
    lines = (root / "config/narrated.yaml").read_text().splitlines()
    listed = "\n".join(
        line.removeprefix("# ") for line in lines if ": " in line or line[-1:] == ":"
    )
    sections = ("speech", "reading", "pictures", "audio", "workers", "models")
    keys = set(Config.__struct_fields__) - {"source"}
    for section in sections:
        keys |= set(type(Config.__struct_defaults__[_place(section)]).__struct_fields__)
    missing = {key for key in keys if f"{key}:" not in listed}
    assert not missing


def _place(field: str) -> int:
    required = len(Config.__struct_fields__) - len(Config.__struct_defaults__)
    return Config.__struct_fields__.index(field) - required


def test_duplicate_key_is_refused() -> None:
    """A key given twice is a mistake."""
    with pytest.raises(ConfigurationError, match=r"line 3: `inbox` is given twice"):
        parse("inbox: /a\noutbox: /b\ninbox: /c\n", Path("/etc/narrated/narrated.yaml"), {})


@pytest.mark.parametrize("value", ["0.4", "3", "fast", ".nan", "true", "null", "[1]"])
def test_wrong_speed_tells_the_range(tmp_path: Path, value: str) -> None:
    """A speed that is none is refused with the range, for a speaker as well."""
    for key in (f"speed: {value}", f"speakers: {{quote: {{speed: {value}}}}}"):
        if key != "speakers: {quote: {speed: null}}":  # that of the narrator
            refusal = _refusal(f"{TWO_LINES}speech: {{{key}}}\n", tmp_path)
            assert "speed`: Expected a number" in refusal.problem
            assert refusal.remedy == "Set a number from 0.5 to 2."


@pytest.mark.parametrize(
    ("written", "loudness"),
    [("-16", -16), ("-14.5", -14.5), ("off", False), ("no", False), ("on", -16)],
)
def test_loudness_is_lufs_or_off(tmp_path: Path, written: str, loudness: float) -> None:
    """A loudness is a number of LUFS, or off; `on` is the default."""
    config = _parse(f"{TWO_LINES}audio: {{loudness: {written}}}\n", tmp_path)
    assert config.audio.loudness == loudness
    assert _parse(TWO_LINES, tmp_path).audio.loudness == -16


@pytest.mark.parametrize(
    ("written", "check"),
    [
        ("{}", "auto"),
        ("{check: on}", "auto"),
        ("{check: off}", "off"),
        ("{check: ears, publish: now}", "ears"),
    ],
)
def test_checks_of_takes_have_words(tmp_path: Path, written: str, check: str) -> None:
    """Checks are on without a word; `off` is the word that YAML takes for a truth."""
    assert _parse(f"{TWO_LINES}takes: {written}\n", tmp_path).settings.takes.check == check


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("check: loud", "`takes.check`: 'loud' is none of its choices. Choose one of signal"),
        ("most: 0", "`takes.most`: Expected a whole number >= 1. Set a whole number from 1 to 20."),
        ("publish: soon", "Choose one of checked, now."),
        ("ears: on", "unknown key `takes.ears`"),
    ],
)
def test_wrong_check_tells_the_words(tmp_path: Path, written: str, told: str) -> None:
    """A wrong setting of the checks tells the values that it may have."""
    with pytest.raises(ConfigurationError) as refused:
        _parse(f"{TWO_LINES}takes: {{{written}}}\n", tmp_path)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("loudness: 16", "Set LUFS from -40 to -13, such as -16, or off."),
        ("loudness: -16 LUFS", "Set LUFS from -40 to -13, such as -16, or off."),
        ("loudness: .nan", "Set LUFS from -40 to -13, such as -16, or off."),
        ("peak: 1", "Set dBTP from -20 to 0, such as -1."),
        ("channels: 2", "Choose one of mono, stereo."),
        ("transcript: both", "Choose one of written, spoken."),
        ("intro: [a.wav]", "Name a sound file, or write a sentence in quotes."),
    ],
)
def test_wrong_sound_tells_the_remedy(tmp_path: Path, text: str, remedy: str) -> None:
    """A wrong level, channel count, transcript or intro is refused with what is right."""
    refusal = _refusal(f"{TWO_LINES}audio: {{{text}}}\n", tmp_path)
    assert f"`audio.{text.partition(':')[0]}`: " in refusal.problem
    assert refusal.remedy == remedy


def test_intro_is_file_or_sentence(tmp_path: Path) -> None:
    """An intro that ends as sound files do is one, beside the configuration; else a sentence."""
    text = "audio: {intro: sounds/Jingle.MP3, outro: Write to example.au }\n"
    audio = _parse(TWO_LINES + text, tmp_path).audio
    assert audio.intro == str(tmp_path / "sounds/Jingle.MP3")
    assert audio.outro == "Write to example.au"


def test_wrong_choice_lists_choices() -> None:
    """A wrong word is answered with the right ones."""
    with pytest.raises(ConfigurationError) as refused:
        parse("inbox: /a\noutbox: /b\naudio: {format: mp4}\n", Path("/x.yaml"), {"HOME": "/h"})
    assert "`audio.format`" in refused.value.problem
    assert "mp3, opus, ogg" in refused.value.remedy


def _podcast(entries: str, tmp_path: Path) -> ConfigurationError:
    return _refusal(f"{TWO_LINES}podcast: {{{entries}}}\n", tmp_path)


@pytest.mark.parametrize(
    ("entries", "key", "remedy"),
    [
        ("", "the key `podcast.title` is missing", "Add a line `title: NAME`"),
        ("title: ' '", "`podcast.title`: it is empty", "Name the podcast"),
        (f"title: {'x' * 256}", "`podcast.title`: it is too long", "255 bytes"),
        ("titel: A", "unknown key `podcast.titel`", "Did you mean `title`?"),
        ("title: A, category: Boks", "Apple has no `Boks`", "Did you mean `Arts > Books`?"),
        ("title: A, category: [Books, Music > Books]", "no `Music > Books`", "`Arts > Books`"),
        ("title: A, category: Zzz", "`podcast.category`", "such as Technology"),
        ("title: A, language: js", "`podcast.language`: that is no language", "such as fr"),
        ("title: A, type: daily", "`podcast.type`", "Choose one of episodic, serial"),
        ("title: A, owner: {email: me}", "`podcast.owner.email`", "me@example.org"),
        ("title: A, base_url: example.org", "`podcast.base_url`: that is no address", "https://"),
        ("title: A, base_url: 'ftp://x.org'", "`podcast.base_url`: that is no address", "https://"),
        ("title: A, base_url: 'http://[x'", "`podcast.base_url`: that is no address", "https://"),
        ("title: A, base_url: 'http://u:p@x.org'", "everybody would read", "https://"),
        ("title: A, base_url: 'http://x.org/?a'", "no path can follow", "https://"),
        ("title: A, base_url: 'http://x.org/ü'", "must write as %XX", "https://"),
        ("title: A, link: 'javascript:x'", "`podcast.link`: that is no address", "https://"),
    ],
)
def test_podcast_mistake_is_named(entries: str, key: str, remedy: str, tmp_path: Path) -> None:
    """A mistake in `podcast:` names the key and the remedy."""
    refused = _podcast(entries, tmp_path)
    assert key in refused.problem
    assert remedy in refused.remedy


def test_podcast_is_off_without_its_key(tmp_path: Path) -> None:
    """The outbox is no podcast without `podcast:`, nor with an empty one."""
    assert show_of(_parse(TWO_LINES, tmp_path)) is None
    assert show_of(_parse(TWO_LINES + "podcast:\n", tmp_path)) is None


def test_show_is_the_configured_one(tmp_path: Path) -> None:
    """The show has the configuration's words; its language is that of reading."""
    entries = "title: ' My  blog ', category: [books, Arts > Design], base_url: 'https://x.org/p'"
    config = _parse(f"{TWO_LINES}reading: {{language: de}}\npodcast: {{{entries}}}\n", tmp_path)
    show = show_of(config)
    assert show and (show.title, show.language, show.base_url) == (
        "My blog",
        "de",
        "https://x.org/p/",
    )
    assert show.categories == (("Arts", "Books"), ("Arts", "Design"))
    again = parse(to_yaml(config).replace("source:", "# "), tmp_path / "again.yaml", {})
    assert again.podcast == config.podcast


def test_cover_stands_beside_its_file(tmp_path: Path) -> None:
    """The picture of a podcast is named from the configuration's folder, and must be a picture."""
    show = show_of(_parse(f"{TWO_LINES}podcast: {{title: A, image: pics/a.PNG}}\n", tmp_path))
    assert show and show.picture == str(tmp_path / "pics/a.PNG")
    assert "no picture" in _podcast("title: A, image: a.txt", tmp_path).problem
