"""Long queries of the ledger, apart from the event loop."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from narrated.ledger.store import Ledger

Value = TypeVar("Value")


class ReadApart(Protocol):
    """Runs a long query of the ledger in a thread, on a connection of its own."""

    def __call__(self, query: Callable[[Ledger], Value]) -> Awaitable[Value]: ...
