"""Channels between processes: many senders, one receiver, a ring buffer in shared memory.

    with ipmpsc.Channel.create("/dev/shm/quotes") as channel:
        for lease in ipmpsc.Receiver(channel):
            with lease:
                print(bytes(lease))

and elsewhere:

    sender = ipmpsc.Sender(ipmpsc.Channel.open("/dev/shm/quotes", timeout=10))
    sender.send(b"hello", timeout=1)

A timeout is in seconds, and None waits without end. A wait releases the interpreter's lock, and
Ctrl-C ends it. Each function raises the exceptions that docs/python.md names.

Functions whose names end in `_async` are awaited in asyncio's tasks:

    async for lease in receiver:
        with lease:
            await other.send_async(lease)
"""

from ipmpsc._core import (
    Channel,
    ChannelStats,
    Lease,
    Loan,
    OldestRecord,
    OpenClaim,
    Orphan,
    PostMortem,
    PostMortemMessage,
    Receiver,
    ReceiverStats,
    Sender,
    SenderStats,
    Skipped,
    Tap,
    TapLoss,
    TapMessage,
    TurnStats,
    WaitSet,
    WaitSetStatistics,
    __version__,
)
from ipmpsc._errors import (
    AbortedError,
    AlreadyExistsError,
    CancelledError,
    DataLossError,
    DeadlineExceededError,
    Error,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
    PermissionDeniedError,
    ResourceExhaustedError,
    UnavailableError,
    UnimplementedError,
    UnknownError,
)
from ipmpsc._ready import Ready
from ipmpsc import _tasks  # isort: skip  # Adds the methods for asyncio.

__all__ = [
    "AbortedError",
    "AlreadyExistsError",
    "CancelledError",
    "Channel",
    "ChannelStats",
    "DataLossError",
    "DeadlineExceededError",
    "Error",
    "FailedPreconditionError",
    "InternalError",
    "InvalidArgumentError",
    "Lease",
    "Loan",
    "NotFoundError",
    "OldestRecord",
    "OpenClaim",
    "Orphan",
    "OutOfRangeError",
    "PermissionDeniedError",
    "PostMortem",
    "PostMortemMessage",
    "Ready",
    "Receiver",
    "ReceiverStats",
    "ResourceExhaustedError",
    "Sender",
    "SenderStats",
    "Skipped",
    "Tap",
    "TapLoss",
    "TapMessage",
    "TurnStats",
    "UnavailableError",
    "UnimplementedError",
    "UnknownError",
    "WaitSet",
    "WaitSetStatistics",
    "__version__",
]
