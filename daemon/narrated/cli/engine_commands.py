"""Commands about engines whose code is not among narrated's requirements."""

import sys
from pathlib import Path

import click

from narrated.cli.command_context import EXIT_FAILED

# Commands import their modules when they run: see main.py.


@click.group()
def engines() -> None:
    """Install engines whose libraries conflict with narrated's own."""


@engines.command()
@click.argument("name")
@click.option(
    "--apart",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Make an environment in this folder, with the libraries that the engine pins.",
)
@click.option(
    "--python",
    metavar="INTERPRETER",
    help="Use this interpreter for --apart; by default narrated's own.",
)
@click.pass_context
def install(ctx: click.Context, name: str, apart: Path | None, python: str | None) -> None:
    """Install the code of the engine NAME, beside narrated or --apart.

    Run it again to complete an interrupted installation. It changes nothing that is complete.
    """
    from narrated.environments.engine_packages import package_of
    from narrated.environments.in_place import install_in_place
    from narrated.environments.venv import install_in_venv
    from narrated.terminal.formatting import installed_apart_lines, installed_in_place_lines
    from narrated.terminal.progress_bars import InstallProgress

    if python and not apart:
        raise click.UsageError("--python needs --apart FOLDER.")
    package = package_of(name)
    click.echo(f"Installing {package.package}. This may take minutes …", err=True)
    try:
        with InstallProgress(package) as on_line:
            if apart:
                interpreter = install_in_venv(package, apart, python or sys.executable, on_line)
                lines = installed_apart_lines(package, interpreter)
            else:
                lines = installed_in_place_lines(package, install_in_place(package, on_line))
    except KeyboardInterrupt:
        click.echo("narrated: stopped; run the same command again to continue", err=True)
        ctx.exit(EXIT_FAILED)
    for line in lines:
        click.echo(line)
