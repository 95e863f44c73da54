"""Programs that use the package wrongly get exceptions, not crashes."""

import copy
import gc
import os
import pickle
import signal
import sys
import threading
import time

import numpy
import pytest

import ipmpsc

CLASSES = [
    ipmpsc.Channel,
    ipmpsc.Lease,
    ipmpsc.Loan,
    ipmpsc.PostMortem,
    ipmpsc.Receiver,
    ipmpsc.Sender,
    ipmpsc.Tap,
    ipmpsc.WaitSet,
]


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
@pytest.mark.parametrize("kind", CLASSES)
def test_object_without_its_constructor(kind):
    try:
        made = kind.__new__(kind)
    except TypeError:
        return
    with pytest.raises(Exception):
        memoryview(made)
    for name in dir(kind):
        if name.startswith("__") and name not in ("__len__", "__bytes__", "__enter__", "__exit__"):
            continue
        with pytest.raises(Exception):
            member = getattr(made, name)
            if not callable(member) or name in ("__enter__",):
                raise TypeError("nothing to call")
            member(*[b"x"] * (3 if name == "__exit__" else 0))
            raise TypeError("it does nothing")
    gc.collect()
    del made


# Later releases of nanobind warn of it, too.
@pytest.mark.filterwarnings("ignore:nanobind:RuntimeWarning")
def test_constructor_that_is_called_again(channel):
    receiver = ipmpsc.Receiver(channel)
    with pytest.raises(Exception):
        receiver.__init__(channel)
    ipmpsc.Sender(channel).send(b"x")
    assert receiver.receive_bytes(timeout=10) == b"x"


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_subclass_that_forgets_its_base(channel):
    class Forgetful(ipmpsc.Sender):
        def __init__(self):
            pass

    with pytest.raises(Exception):
        Forgetful().send(b"x")


def test_nothing_can_be_copied(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    sender.send(b"x")
    for thing in (channel, sender, receiver, receiver.receive(timeout=10), sender.claim(1)):
        for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError):
                duplicate(thing)


def test_signal_handler_cannot_take_the_end_away(channel):
    """A handler runs in the middle of a wait: the end is busy for it."""
    receiver = ipmpsc.Receiver(channel)
    sender = ipmpsc.Sender(channel)
    refused = []

    def handler(*_):
        for call in (receiver.detach, receiver.try_receive):
            try:
                call()
            except ipmpsc.FailedPreconditionError as error:
                refused.append(str(error))
        sender.send(b"from the handler")

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert receiver.receive_bytes(timeout=60) == b"from the handler"
    finally:
        signal.signal(signal.SIGALRM, before)
    assert len(refused) == 2 and "signal handler" in refused[0]


def test_leases_dropped_in_a_signal_handler(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    sender.send(b"held")
    held = [receiver.receive(timeout=10)]

    def handler(*_):
        held.clear()
        raise KeyError("out of the wait")

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyError):
            receiver.receive()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert channel.stats().release_position == 64


def test_iterator_that_detaches_the_sender(channel):
    sender = ipmpsc.Sender(channel)

    def messages():
        yield b"x"
        sender.detach()
        yield b"y"

    with pytest.raises(ipmpsc.FailedPreconditionError, match="detached"):
        sender.send_batch(messages())
    assert channel.stats().fill == 0


@pytest.mark.skipif(sys.version_info < (3, 12), reason="__buffer__ is of Python 3.12")
def test_buffer_that_detaches_the_sender(channel):
    sender = ipmpsc.Sender(channel)

    class Hostile:
        def __buffer__(self, flags):
            sender.detach()
            return memoryview(b"x")

    for send in (sender.send, sender.try_send, sender.send_when_empty):
        with pytest.raises(ipmpsc.FailedPreconditionError, match="detached"):
            send(Hostile())


def test_finalizer_that_detaches_the_receiver(channel):
    """The collector may run the program's code while messages are copied."""
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)

    class Hostile:
        def __init__(self):
            self.cycle = self

        def __del__(self):
            receiver.detach()

    sender.send_batch([b"x"] * 50)
    Hostile()
    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    try:
        messages = receiver.receive_available()
    finally:
        gc.set_threshold(*thresholds)
        gc.collect()
    assert 1 <= len(messages) <= 50
    with pytest.raises(ipmpsc.FailedPreconditionError):
        receiver.try_receive()


def test_views_outlive_everything(path):
    """A view keeps the bytes mapped, whatever was released, detached or removed before."""
    channel = ipmpsc.Channel.create(path, capacity=1 << 16)
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    sender.send(bytes(range(256)) * 16)
    lease = receiver.receive(timeout=10)
    array = lease.numpy(numpy.uint8, (16, 256))
    view = memoryview(lease)[100:]
    loan = sender.claim(100)
    written = loan.numpy()
    lease.release()
    loan.discard()
    receiver.detach()
    sender.detach()
    os.remove(path)
    del lease, loan, receiver, sender, channel
    gc.collect()
    written[:] = 7
    assert array.sum() == sum(range(256)) * 16 and view[0] == 100
    assert not array.flags.writeable and view.readonly
    with pytest.raises(ValueError):
        array.setflags(write=True)
    del view, array, written
    gc.collect()


def test_empty_message(channel):
    ipmpsc.Sender(channel).send(b"")
    lease = ipmpsc.Receiver(channel).receive(timeout=10)
    assert bytes(lease) == b"" and len(lease) == 0 and memoryview(lease).nbytes == 0


def test_buffers_of_all_kinds(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    array = numpy.arange(6, dtype=numpy.int32).reshape(2, 3)
    for data in (bytearray(b"ab"), memoryview(b"ab"), array, array[:1]):
        sender.send(data)
        assert receiver.receive_bytes(timeout=10) == bytes(data)
    for bad in (array.T, array[:, ::2], memoryview(b"abcd")[::2]):
        with pytest.raises((BufferError, ValueError)):
            sender.send(bad)
    for bad in ("text", 7, None):
        with pytest.raises(TypeError):
            sender.send(bad)
        with pytest.raises(TypeError):
            sender.send_batch([b"x", bad])
    for size in (-1, "1", 1 << 64):
        with pytest.raises(TypeError):
            sender.claim(size)
    assert channel.stats().fill == 0


def test_many_threads_at_one_end(channel):
    """Some are refused. Nothing is lost, comes twice, or crashes."""
    receiver = ipmpsc.Receiver(channel)
    sender = ipmpsc.Sender(channel)
    received = []
    stop = threading.Event()

    def receive():
        while not stop.is_set():
            try:
                received.append(receiver.receive_bytes(timeout=0.01))
            except (ipmpsc.FailedPreconditionError, ipmpsc.DeadlineExceededError):
                time.sleep(0)

    threads = [threading.Thread(target=receive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for i in range(500):
        sender.send(b"%d" % i, timeout=60)
    deadline = time.monotonic() + 60
    while len(received) < 500 and time.monotonic() < deadline:
        time.sleep(0.001)
    stop.set()
    for thread in threads:
        thread.join()
    assert sorted(map(int, received)) == list(range(500))
