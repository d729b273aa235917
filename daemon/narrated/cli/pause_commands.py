"""Commands for whoever needs the device for something else: pause, resume."""

import re

import click

from narrated.cli.command_context import CommandContext

# Commands import their modules when they run: see main.py.

_PART = r"(?:(?P<{0}>\d+(?:\.\d+)?)\s*{1})?\s*"
_UNITS = {
    "days": "(?:d|days?)",
    "hours": "(?:h|hours?)",
    "minutes": "(?:m|min|minutes?)",
    "seconds": "(?:s|sec|seconds?)",
}
_DURATION = re.compile("".join(_PART.format(name, unit) for name, unit in _UNITS.items()))
_LENGTHS_S = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}
_MOST_S = 366 * 86400.0
_NO_TIME = "{} is no time at all. To go on, use `narrated resume`."


@click.command()
@click.argument("duration", nargs=-1)
@click.option("--unload", is_flag=True, help="Also end the workers, so that the device is free.")
@click.option("--no-wait", is_flag=True, help="Do not wait for the requests in flight.")
@click.pass_obj
def pause(context: CommandContext, duration: tuple[str, ...], unload: bool, no_wait: bool) -> None:
    """Send nothing to the engines for DURATION (90m, 2h, 1h30m, 2d), or until `resume`.

    The requests in flight are finished first. Files are still noticed, read and planned. A restart
    changes nothing. Another `pause` changes the end.
    """
    from narrated.terminal.break_commands import pause_lines

    written = " ".join(duration)
    client = context.daemon_client()
    for line in pause_lines(client, parse_duration(written), unload=unload, waits=not no_wait):
        click.echo(line)


@click.command()
@click.pass_obj
def resume(context: CommandContext) -> None:
    """Go on after `pause`, before its time is over."""
    from narrated.terminal.break_commands import resume_line

    click.echo(resume_line(context.daemon_client()))


def parse_duration(written: str) -> float | None:
    """Parse a duration such as 1h30m into seconds; None if there is none. Errors: BadParameter."""
    if not written:
        return None
    match = _DURATION.fullmatch(written.strip().lower())
    if match is None:
        raise _refused(_problem(written))
    amounts = {name: float(amount or 0) for name, amount in match.groupdict().items()}
    seconds = sum(amounts[name] * length_s for name, length_s in _LENGTHS_S.items())
    if seconds == 0:
        raise _refused(_NO_TIME.format(written))
    if seconds > _MOST_S:
        raise _refused(
            f"{written} is longer than a year. Without a time it lasts until `narrated resume`."
        )
    return seconds


def _problem(written: str) -> str:
    if not re.fullmatch(r"[\d.]+", written.strip()):
        return f"{written} is not a duration. Write it as 90m, 2h, 1h30m or 2d."
    if not written.strip("0. "):
        return _NO_TIME.format(written)
    return f"{written} of what? Write {written}m for minutes, or {written}h for hours."


def _refused(problem: str) -> click.BadParameter:
    return click.BadParameter(problem, param_hint="DURATION")


COMMANDS = (pause, resume)
