"""Waits of asyncio's tasks. `ipmpsc/__init__.py` makes these functions methods of the ends.

A task follows "drain, arm, wait" (docs/waiting.md) with the descriptor of the end. It takes a
message only when it runs, and returns it without another pause. So a cancelled task has taken no
message. Its event loop knows the descriptor only while a task waits for it.

Tasks of one event loop that wait in one end take turns, in the order in which they came.
"""

import asyncio

from ipmpsc._core import Receiver, Sender, Tap, WaitSet
from ipmpsc._errors import FailedPreconditionError, OutOfRangeError, ResourceExhaustedError

# The result of `attempt` if there is nothing now.
_NOTHING = object()

# A tap looks as often as in C++. No sender wakes it.
_TAP_PAUSE = 0.002
# For a loop that was told several times that there is space, and found none: others took it.
_VAIN_PAUSE = 0.001


class _Turns:
    """The tasks of one event loop that wait in one end."""

    def __init__(self, loop):
        self.loop = loop
        self.lock = asyncio.Lock()
        self.tasks = 0


def _wake(future):
    if not future.done():
        future.set_result(None)


async def _readable(turns, end, descriptor):
    loop = turns.loop
    end._begin_wait()
    try:
        future = loop.create_future()
        loop.add_reader(descriptor, _wake, future)
        try:
            await future
        finally:
            # A closed loop has forgotten all readers.
            if not loop.is_closed():
                loop.remove_reader(descriptor)
    finally:
        # The collector may end the wait of a closed loop when the next loop waits in the end.
        if not loop.is_closed() or end._turns is turns:
            end._end_wait()


async def _pause_if_due(source):
    """Leaves time for other tasks, and for their timers, where a busy channel would not.

    Comes before a message is taken or sent, so that a task may be cancelled here.
    """
    if source._pause_is_due():
        await asyncio.sleep(0)


async def _wait(end, attempt, arm, descriptor):
    """Returns the first result of `attempt` that is not `_NOTHING`.

    `arm()` says whether to wait, as `Receiver.arm`. `descriptor()` is called before the first wait.
    """
    loop = asyncio.get_running_loop()
    await _pause_if_due(end)
    turns = end._turns
    if turns is not None and turns.loop is not loop:
        if not turns.loop.is_closed():
            raise FailedPreconditionError(
                "a task of another event loop waits in this object: one event loop at a time may "
                "use it; give each loop an end of its own"
            )
        # Its tasks never run again.
        end._end_wait()
        turns = None
    if turns is None:
        result = attempt()
        if result is not _NOTHING:
            return result
        turns = end._turns = _Turns(loop)
    turns.tasks += 1
    try:
        async with turns.lock:
            vain = 0
            while True:
                result = attempt()
                if result is not _NOTHING:
                    return result
                number = descriptor()
                if arm():
                    await _readable(turns, end, number)
                    vain = 0
                else:
                    vain += 1
                    if vain >= 8:
                        await asyncio.sleep(_VAIN_PAUSE)
    finally:
        turns.tasks -= 1
        if turns.tasks == 0 and end._turns is turns:
            end._turns = None


async def _receive(receiver, take):
    def attempt():
        taken = take()
        return _NOTHING if taken is None else taken

    return await _wait(receiver, attempt, receiver.arm, receiver.fileno)


async def receive_async(self):
    """Awaits the next message. A cancelled await takes none."""
    return await _receive(self, self.try_receive)


async def receive_bytes_async(self):
    """As `receive_async`, but returns a copy and releases the message."""
    lease = await _receive(self, self.try_receive)
    with lease:
        return bytes(lease)


async def receive_latest_async(self):
    """As `receive_async`, but takes the newest message and releases those before it unread."""
    return await _receive(self, self.try_receive_latest)


def _iterate(self):
    return self


async def _next_lease(self):
    try:
        return await _receive(self, self.try_receive)
    except OutOfRangeError:
        raise StopAsyncIteration from None


async def _send(sender, attempt, size):
    """`attempt()` returns False or None if there is no space."""
    if sender.channel.on_full == "drop_newest":
        await _pause_if_due(sender)
        # The channel has counted the message. Another try would count it again.
        result = attempt()
        if result is False or result is None:
            raise ResourceExhaustedError(
                "the lossy channel has no space: the message was dropped, and the sender's "
                "`dropped` counts it"
            )
        return result

    def attempt_now():
        result = attempt()
        return _NOTHING if result is False or result is None else result

    return await _wait(sender, attempt_now, sender.arm, lambda: sender.fileno(size))


def _size_of(data):
    with memoryview(data) as view:
        return view.nbytes


async def send_async(self, data):
    """Awaits space, and sends a message. A cancelled await sends none."""
    await _send(self, lambda: self.try_send(data), _size_of(data))


async def send_batch_async(self, messages):
    """Awaits space for all messages, and sends them in one step."""
    messages = list(messages)
    # A record has a header of 16 bytes, and with timestamps 16 more at its end. One message of
    # `size` bytes needs the space of all these records, and with timestamps perhaps less. It never
    # needs more: the task would wait for space that a receiver with a lease may not give back.
    records = sum((_size_of(message) + 16 + 63) // 64 * 64 for message in messages)
    size = max(0, min(records - 32, self.channel.max_payload))
    await _send(self, lambda: self.try_send_batch(messages), size)


async def claim_async(self, size):
    """Awaits space, and claims `size` bytes to be written in place."""
    return await _send(self, lambda: self.try_claim(size), size)


async def wait_async(self, max_ready=64):
    """Awaits a member that is ready, and returns those that are, at most `max_ready`."""

    def attempt():
        ready = self.wait(0, max_ready)
        return ready if ready else _NOTHING

    # A wait without a result has armed the descriptor.
    return await _wait(self, attempt, lambda: True, self.fileno)


async def next_async(self):
    """Awaits the next message. Looks every 2 milliseconds."""
    await _pause_if_due(self)
    while True:
        message = self.try_next()
        if message is not None:
            return message
        await asyncio.sleep(_TAP_PAUSE)


async def _next_tapped(self):
    try:
        return await next_async(self)
    except OutOfRangeError:
        raise StopAsyncIteration from None


def _add_methods():
    for owner, functions in (
        (Receiver, (receive_async, receive_bytes_async, receive_latest_async)),
        (Sender, (send_async, send_batch_async, claim_async)),
        (WaitSet, (wait_async,)),
        (Tap, (next_async,)),
    ):
        for function in functions:
            function.__qualname__ = f"{owner.__name__}.{function.__name__}"
            setattr(owner, function.__name__, function)
    for owner, following in ((Receiver, _next_lease), (Tap, _next_tapped)):
        owner.__aiter__ = _iterate
        owner.__anext__ = following


_add_methods()
