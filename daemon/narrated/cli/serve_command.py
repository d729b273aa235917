"""`narrated serve`: serves what is published, without the daemon."""

import click

from narrated.cli.command_context import CommandContext

# Commands import their modules when they run: see main.py.


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen on this address.")
@click.option("--port", default=8321, show_default=True, type=click.IntRange(0, 65535))
@click.pass_obj
def serve(context: CommandContext, host: str, port: int) -> None:
    """Serve the podcast over HTTP: its feed, its page and its sound, until stopped.

    Only this machine reaches 127.0.0.1; --host 0.0.0.0 lets others in. A private podcast has a
    token in its address: see `narrated podcast token`.
    """
    from narrated.terminal.podcast_server import serve_outbox

    serve_outbox(context.config, host, port)


COMMANDS = (serve,)
