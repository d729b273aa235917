"""The whole examination, in the order in which a file goes through the daemon."""

from collections.abc import Callable, Iterator

from narrated.config.values import Config
from narrated.doctor import box, folders
from narrated.doctor.account import of_the_daemon
from narrated.doctor.engines import engines
from narrated.doctor.finding import Finding
from narrated.doctor.gpu import gpu
from narrated.doctor.models import models
from narrated.workers.roll import Roll


def examine(config: Config, call_the_roll: Callable[[], Roll]) -> Iterator[Finding]:
    """Look at everything the daemon needs of this box; changes nothing and needs no daemon.

    Findings come as they are made: those of the engines, whose roll takes a while, at the end.
    """
    account = of_the_daemon(config)
    yield from folders.rights(config, account)
    yield from folders.leases(config)
    yield from folders.hard_links()
    yield from folders.syncing(config)
    yield from box.inotify(config)
    yield from box.disks(config)
    yield from box.unit(config, account)
    yield from box.encoders(config)
    yield from gpu(config)
    roll = call_the_roll()
    yield from engines(config, roll)
    yield from models(config, roll)
