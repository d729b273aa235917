"""The ledger, whole: the one door to all that is remembered."""

from narrated.ledger.bygones import Bygones
from narrated.ledger.holding import Holding
from narrated.ledger.jobs import Jobs
from narrated.ledger.moments import Moments
from narrated.ledger.sources import Sources
from narrated.ledger.takes import Takes


class Ledger(Sources, Holding, Jobs, Takes, Moments, Bygones):
    """What was asked, how far it is, and what was spoken; survives `kill -9` at any instant.

    Each part has a room of its own and shares this one connection, so that a transaction can
    span them all.
    """
