"""The results of a wait set."""

from typing import Any, NamedTuple


class Ready(NamedTuple):
    """A member of a wait set that need not be waited for."""

    member: Any  # The receiver, the sender, or the descriptor as it was given.
    data: Any  # As it was given.
    events: int  # Of a descriptor: select.EPOLLIN and so on. Otherwise 0.
