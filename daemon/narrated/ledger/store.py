"""The ledger: one database with a repository for each subject."""

from pathlib import Path

from narrated.ledger.crashes import WorkerCrashes
from narrated.ledger.database import Database
from narrated.ledger.host_state import HostState
from narrated.ledger.jobs import Jobs
from narrated.ledger.pictures import ShownPictures
from narrated.ledger.plan_inputs import PlanInputs
from narrated.ledger.retention import Retention
from narrated.ledger.sources import Sources
from narrated.ledger.stems import Stems
from narrated.ledger.takes import Captions, Takes


class Ledger(Database):
    """The daemon's memory; it survives `kill -9` at any instant.

    All repositories share this connection: a move of a job and the writes that belong to it stand
    in one `transaction()`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.sources = Sources(self)
        self.stems = Stems(self)
        self.pictures = ShownPictures(self)
        self.plan_inputs = PlanInputs(self)
        self.jobs = Jobs(self)
        self.crashes = WorkerCrashes(self)
        self.takes = Takes(self)
        self.captions = Captions(self)
        self.host = HostState(self)
        self.retention = Retention(self)
