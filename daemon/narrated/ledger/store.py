"""The ledger, whole: the one door to all that is remembered."""

from narrated.ledger.host_state import HostState
from narrated.ledger.jobs import Jobs
from narrated.ledger.plan_inputs import PlanInputs
from narrated.ledger.retention import Retention
from narrated.ledger.sources import Sources
from narrated.ledger.takes import Takes


class Ledger(Sources, PlanInputs, Jobs, Takes, HostState, Retention):
    """What was asked, how far it is, and what was spoken; survives `kill -9` at any instant.

    Each part has a room of its own and shares this one connection, so that a transaction can
    span them all.
    """
