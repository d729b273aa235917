"""The commands about engines whose code is not among our requirements."""

import sys
from pathlib import Path

import click

from narrated.cli.config_option import EXIT_FAILED

# As in cli.py, what a command needs is imported when it runs.


@click.group()
def engines() -> None:
    """Install the code of engines that pip refuses beside narrated's own libraries."""


@engines.command()
@click.argument("name")
@click.option(
    "--apart",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Into an environment of its own there, with the libraries that it pins.",
)
@click.option(
    "--python",
    metavar="INTERPRETER",
    help="What that environment is made of; else the interpreter of narrated.",
)
@click.pass_context
def install(ctx: click.Context, name: str, apart: Path | None, python: str | None) -> None:
    """Install the code of the engine NAME, into the environment of narrated or --apart.

    Run again, it completes what was interrupted, and changes nothing that is whole.
    """
    from narrated.environments.engine_packages import package_of
    from narrated.environments.in_place import install_in_place
    from narrated.environments.venv import install_in_venv
    from narrated.terminal.engine_install_progress import InstallProgress, apart_lines, beside_lines

    if python and not apart:
        raise click.UsageError("--python goes with --apart FOLDER.")
    code = package_of(name)
    click.echo(f"Installing {code.package}; this may take minutes …", err=True)
    try:
        with InstallProgress(code) as told:
            if apart:
                made = install_in_venv(code, apart, python or sys.executable, told)
                lines = apart_lines(code, made)
            else:
                lines = beside_lines(code, install_in_place(code, told))
    except KeyboardInterrupt:
        click.echo("narrated: stopped; the same command goes on where it was", err=True)
        ctx.exit(EXIT_FAILED)
    for line in lines:
        click.echo(line)
