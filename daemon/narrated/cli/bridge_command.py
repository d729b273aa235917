"""`narrated bridge`: workers of a cluster behind a socket, as boxes are."""

from pathlib import Path

import click

# Commands import their modules when they run: see main.py.


@click.group()
def bridge() -> None:
    """Have a cluster's machines speak for the daemon."""


@bridge.command()
@click.option("--address", required=True, help="The cluster, such as 10.0.0.2:6379 or ray://….")
@click.option("--socket", type=click.Path(path_type=Path), help="Listen here, unless systemd does.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Lend so many at once, at most.",
)
@click.option(
    "--gpus",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="GPUs of a worker; 0.5 is shared.",
)
@click.option(
    "--cpus",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="CPU cores of a worker.",
)
@click.option("--resource", multiple=True, metavar="NAME=N", help="Own resources of the cluster.")
@click.option("--worker", default="narrated worker", show_default=True, help="Its command there.")
@click.option("--listen", default="", metavar="HOST[:PORT]", help="Where workers connect to.")
def ray(
    address: str,
    socket: Path | None,
    workers: int,
    gpus: float,
    cpus: float,
    resource: tuple[str, ...],
    worker: str,
    listen: str,
) -> None:
    """Lend workers of a Ray cluster to the daemon, until stopped: see docs/cluster.md."""
    from narrated.terminal.bridge_serving import BridgeOrder, serve_bridge

    serve_bridge(BridgeOrder(address, socket, workers, gpus, cpus, resource, worker, listen))


COMMANDS = (bridge,)
