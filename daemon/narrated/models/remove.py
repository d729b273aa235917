"""The removal of a model: what was pulled goes, what somebody else put there stays."""

from narrated.errors import NarratedError
from narrated.models.store import ModelStore
from narrated.models.verify import ModelState, standing, strangers


def remove(shelf: ModelStore, repository: str, *, force: bool = False) -> tuple[str, ...]:
    """Remove a model and its lock; gives the files that stay, since they were not pulled.

    With `force` they go too. NarratedError where there is no such model, or none that was pulled.
    """
    with shelf.held():
        locks = shelf.locks()
        locked = locks.pop(repository, None)
        begun = shelf.has_parts(repository)
        match standing(shelf, repository, locked):
            case ModelState.ABSENT if not begun:
                raise NarratedError(
                    f"{repository} is not there.", "See what is: narrated models list"
                )
            case ModelState.NOT_LOCKED if not force:
                raise NarratedError(
                    f"{repository} is there, but was not pulled.",
                    f"To remove it all the same: narrated models remove --force {repository}",
                )
        # The lock first: a removal that is interrupted then leaves files that nobody holds to.
        shelf.write_locks(locks)
        for name in locked.files if locked else ():
            shelf.discard(repository, name)
        shelf.clear(repository)
        if force and shelf.place(repository).is_dir():
            shelf.empty(repository)
        return tuple(strangers(shelf.place(repository), locked)) if locked else ()
