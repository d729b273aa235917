"""The whole examination, in the order in which a file goes through the daemon."""

from collections.abc import Callable, Iterator

from narrated.config.values import Config
from narrated.doctor import inbox_and_outbox, system
from narrated.doctor.account import of_the_daemon
from narrated.doctor.engines import engines
from narrated.doctor.finding import Finding
from narrated.doctor.gpu import gpu
from narrated.doctor.model_memory import models
from narrated.workers.engine_probe import EngineProbe


def examine(config: Config, call_the_roll: Callable[[], EngineProbe]) -> Iterator[Finding]:
    """Look at everything the daemon needs of this box; changes nothing and needs no daemon.

    Findings come as they are made: those of the engines, whose roll takes a while, at the end.
    """
    account = of_the_daemon(config)
    yield from inbox_and_outbox.rights(config, account)
    yield from inbox_and_outbox.leases(config)
    yield from inbox_and_outbox.hard_links()
    yield from inbox_and_outbox.syncing(config)
    yield from system.inotify(config)
    yield from system.disks(config)
    yield from system.unit(config, account)
    yield from system.encoders(config)
    yield from gpu(config)
    roll = call_the_roll()
    yield from engines(config, roll)
    yield from models(config, roll)
