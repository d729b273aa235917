"""The earlier import path of the engine interface."""

from narrated.engines.base.interface_aliases import *  # noqa: F403
