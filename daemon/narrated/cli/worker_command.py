"""`narrated worker`: lends this machine's engines to a daemon on another."""

import click

from narrated.cli.command_context import CommandContext, exit_unless

# Commands import their modules when they run: see main.py.


@click.command()
@click.pass_obj
def worker(context: CommandContext) -> None:
    """Speak for a daemon on another machine, which starts this over ssh.

    Frames go over stdin and stdout, until the daemon hangs up: see docs/boxes.md.
    """
    from narrated.cli.worker_output import private_streams
    from narrated.terminal.worker_serving import serve_worker

    exit_unless(serve_worker(context.config_if_any, context.streams or private_streams()))


COMMANDS = (worker,)
