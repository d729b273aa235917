"""The ledger: one database with a repository for each subject."""

from pathlib import Path

from narrated.ledger.bulk_requeue_progress import BulkRequeueProgress
from narrated.ledger.covers import Covers, PagePictures
from narrated.ledger.database import Database
from narrated.ledger.due_checks import DueChecks
from narrated.ledger.engine_rates import EngineRates
from narrated.ledger.episodes import Episodes, Podcasts
from narrated.ledger.folder_shows import FolderShows
from narrated.ledger.galleries import Galleries
from narrated.ledger.held_posts import HeldPosts
from narrated.ledger.job_takes import JobTakes
from narrated.ledger.jobs import Jobs
from narrated.ledger.last_run import LastRun
from narrated.ledger.misheard_words import MisheardWords
from narrated.ledger.page import PageEntries, PageFiles
from narrated.ledger.page_texts import PageTexts
from narrated.ledger.pauses import Pauses
from narrated.ledger.plan_inputs import CaptionCache, ConsultedFiles, ShownPictures
from narrated.ledger.restored_jobs import RestoredJobs
from narrated.ledger.script_files import ReviewFiles, ScriptFiles
from narrated.ledger.sources import Sources, Stems
from narrated.ledger.standing_notes import StandingNotes
from narrated.ledger.take_verdicts import (
    CheckedChunks,
    MeasuresOfTakes,
    TakeVerdicts,
    VoiceLengths,
)
from narrated.ledger.takes import Takes, WorkerCrashes
from narrated.ledger.too_old_posts import TooOldPosts


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
        self.galleries = Galleries(self)
        self.consulted = ConsultedFiles(self)
        self.scripts = ScriptFiles(self)
        self.review_files = ReviewFiles(self)
        self.jobs = Jobs(self)
        self.job_takes = JobTakes(self)
        self.left_out = TooOldPosts(self)
        self.held_back = HeldPosts(self)
        self.requeues = BulkRequeueProgress(self)
        self.notes = StandingNotes(self)
        self.restored = RestoredJobs(self)
        self.crashes = WorkerCrashes(self)
        self.takes = Takes(self)
        self.verdicts = TakeVerdicts(self)
        self.measures = MeasuresOfTakes(self)
        self.voice_lengths = VoiceLengths(self)
        self.misheard = MisheardWords(self)
        self.checked_chunks = CheckedChunks(self)
        self.due_checks = DueChecks(self)
        self.captions = CaptionCache(self)
        self.last_run = LastRun(self)
        self.pauses = Pauses(self)
        self.rates = EngineRates(self)
        self.episodes = Episodes(self)
        self.podcasts = Podcasts(self)
        self.folder_shows = FolderShows(self)
        self.covers = Covers(self)
        self.page_texts = PageTexts(self)
        self.page_entries = PageEntries(self)
        self.page_files = PageFiles(self)
        self.page_pictures = PagePictures(self)
