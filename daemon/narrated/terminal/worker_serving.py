"""`narrated worker`: serves a daemon with the engines and models of this machine."""

import logging
import os
import stat
import sys

from narrated.config.file import unconfigured_cache, unconfigured_models
from narrated.config.values import Config
from narrated.config.worker_specs import LATENTS, engine_spec, model_resources
from narrated.engines.model_resources import ModelResources
from narrated.engines.registry import known_engines
from narrated.errors import ConfigurationError
from narrated.malloc import keep_large_blocks
from narrated.workers.box_worker import BoxSettings, serve


def serve_worker(config: Config | None, streams: tuple[int, int]) -> bool:
    """Serve until the daemon is gone; True if it hung up. Errors: ConfigurationError."""
    if any(_leads_nowhere(each) for each in streams):
        raise ConfigurationError(
            "`narrated worker` speaks with a daemon, not with a person.",
            "The daemon's unit starts it over ssh: see docs/boxes.md.",
        )
    logging.basicConfig(stream=sys.stderr, level=logging.DEBUG, format="%(message)s")
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    keep_large_blocks()
    why = serve(streams, box_settings(config))
    print(f"narrated worker: {why}.", file=sys.stderr)
    return why == "the daemon hung up"


def box_settings(config: Config | None) -> BoxSettings:
    """Give what this machine says of its engines and models, configured or not."""
    modules = frozenset(spec.module for spec in known_engines().values())
    if config is None:
        return BoxSettings(_unconfigured_resources(), modules)
    specs = [engine_spec(config, name) for name in config.engines]
    own = {each.name: {"module": each.module, "path": each.path} for each in specs}
    return BoxSettings(model_resources(config), modules, own)


def _unconfigured_resources() -> ModelResources:
    models = unconfigured_models()
    cache = str(unconfigured_cache() / LATENTS)
    return ModelResources(models=str(models.folder), voices=str(models.voices), cache=cache)


def _leads_nowhere(descriptor: int) -> bool:
    """True for a terminal, or a file that is no pipe."""
    mode = os.fstat(descriptor).st_mode
    return not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode))
