"""Places of jobs: bounded by priority, given in the order of ranks."""

from narrated.service.job_admission import REVERSED_AT_ONCE, JobPlaces, WaitingJobs
from narrated.workers.fair_shares import ALL, Priority, Standing

POST, NOTE = Priority.POST, Priority.NOTE


def _all(waiting: WaitingJobs) -> list[int]:
    return [popped[0] for popped in iter(lambda: waiting.pop(ALL), None)]


def test_lowest_rank_is_first() -> None:
    """Jobs of one priority come by rank, and equal ones by their numbers."""
    waiting = WaitingJobs()
    for job, rank in ((4, 2.0), (3, 1.0), (2, 2.0), (1, 3.0)):
        waiting.push(job, Standing(POST, rank))
    assert waiting.first(3) == [3, 2, 4]
    assert _all(waiting) == [3, 2, 4, 1]


def test_discarded_job_is_not_given() -> None:
    """A discarded job is given to nobody, and one pushed again has its new rank alone."""
    waiting = WaitingJobs()
    for job in (1, 2, 3):
        waiting.push(job, Standing(POST, float(job)))
    waiting.discard(1)
    waiting.push(2, Standing(POST, 9.0))
    assert len(waiting) == 2
    assert 1 not in waiting and 2 in waiting
    assert _all(waiting) == [3, 2]


def test_reversed_ranks_turn_round() -> None:
    """After the order is reversed the last rank is first; discarded jobs stay away."""
    waiting = WaitingJobs()
    for job in range(1, 6):
        waiting.push(job, Standing(POST, float(job)))
    waiting.discard(5)
    waiting.push(2, Standing(POST, 4.5))
    waiting.begin_reversal()
    while waiting.reverse_some():
        pass
    assert _all(waiting) == [2, 4, 3, 1]


def test_reversal_goes_in_slices() -> None:
    """Few jobs are turned round at once; what is pushed, popped or discarded meanwhile counts."""
    waiting, count = WaitingJobs(), 3 * REVERSED_AT_ONCE
    for job in range(count):
        waiting.push(job, Standing(POST, float(job)))
    waiting.begin_reversal()
    turned = 0
    while waiting.reverse_some():
        turned += 1
        waiting.push(count + turned, Standing(POST, -count - turned))
        waiting.discard(turned)
    assert turned == 3
    assert _all(waiting) == [*range(count + 3, count, -1), *range(count - 1, 3, -1), 0]


def test_jobs_come_amid_a_reversal() -> None:
    """A job whose order is still to be turned is given as well, with its turned rank."""
    waiting = WaitingJobs()
    for job in (1, 2):
        waiting.push(job, Standing(POST, float(job)))
    waiting.begin_reversal()
    assert waiting.precedes(Standing(POST, -1.0))
    assert sorted((waiting.pop(ALL), waiting.pop(ALL))) == [
        (1, Standing(POST, -1.0)),
        (2, Standing(POST, -2.0)),
    ]
    assert waiting.pop(ALL) is None
    assert not waiting.reverse_some() or not waiting.reverse_some()


def test_first_of_many_are_exact() -> None:
    """The first of very many are the same that would be given."""
    waiting = WaitingJobs()
    for job in range(5000):
        waiting.push(job, Standing(POST, float(job * 7919 % 5000)))
    first = waiting.first(10)
    assert first == _all(waiting)[:10]


def test_each_priority_has_places() -> None:
    """A full priority leaves the places of the others alone."""
    places = JobPlaces(dict.fromkeys(Priority, 2))
    assert [places.take(job, Standing(POST)) for job in (1, 2, 3)] == [True, True, False]
    places.waiting.push(3, Standing(POST))
    assert places.take(4, Standing(NOTE))
    assert places.take_next(ALL) is None
    places.leave(1)
    assert places.take_next(ALL) == (3, Standing(POST))


def test_free_place_is_for_the_first() -> None:
    """A job takes no place past one that waits before it."""
    places = JobPlaces(dict.fromkeys(Priority, 1))
    places.waiting.push(1, Standing(POST, 1.0))
    assert not places.take(2, Standing(POST, 2.0))
    assert places.take(3, Standing(POST, 0.0))
