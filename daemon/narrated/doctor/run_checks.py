"""Runs every check, in the order in which a file passes through the daemon."""

from collections.abc import Callable, Iterator

from narrated.config.values import Config
from narrated.doctor.disk_space import check_disk_space
from narrated.doctor.encoder import check_encoder
from narrated.doctor.engines import check_engines
from narrated.doctor.finding import Finding
from narrated.doctor.folder_access import check_folder_access, daemon_account
from narrated.doctor.gpu_compute import check_gpu
from narrated.doctor.kernel import check_hard_links, check_inotify_limits, check_leases
from narrated.doctor.lexicon import check_lexicon
from narrated.doctor.outbox_names import check_outbox_names
from narrated.doctor.podcast_address import check_podcast_address
from narrated.doctor.service_unit import check_service_unit
from narrated.doctor.sound_files import check_sound_files
from narrated.doctor.syncthing import check_syncthing
from narrated.workers.pool import EngineProbe


def run_checks(config: Config, probe_engines: Callable[[], EngineProbe]) -> Iterator[Finding]:
    """Check everything that the daemon needs. Leaves nothing behind, and needs no daemon.

    Yields each finding at once. The probe of the engines takes longest, so it comes last.
    """
    account = daemon_account(config)
    yield from check_folder_access(config, account)
    yield from check_outbox_names(config)
    yield from check_leases(config)
    yield from check_hard_links()
    yield from check_syncthing(config)
    yield from check_inotify_limits(config)
    yield from check_disk_space(config)
    yield from check_service_unit(config, account)
    yield from check_encoder(config)
    yield from check_lexicon(config)
    yield from check_sound_files(config)
    yield from check_podcast_address(config)
    yield from check_gpu(config)
    yield from check_engines(config, probe_engines())
