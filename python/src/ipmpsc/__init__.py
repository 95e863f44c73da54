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
"""

from ipmpsc._core import (
    Channel,
    ChannelStats,
    Lease,
    Loan,
    OldestRecord,
    OpenClaim,
    Receiver,
    ReceiverStats,
    Sender,
    SenderStats,
    Tap,
    TapLoss,
    TapMessage,
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

__all__ = [name for name in dir() if name[0].isupper()] + ["__version__"]
