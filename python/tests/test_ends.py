"""Senders, receivers, loans and leases in one process."""

import gc
import threading
import time

import numpy
import pytest

import ipmpsc


def test_message_arrives_whole(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    for data in (b"bytes", bytearray(b"bytearray"), memoryview(b"memoryview"), b""):
        sender.send(data)
        with receiver.receive(timeout=10) as lease:
            assert bytes(lease) == bytes(data)
            assert len(lease) == len(data)
            assert lease.sender == sender.slot
    sender.send(numpy.arange(3, dtype=numpy.int32))
    assert receiver.receive_bytes(timeout=10) == b"\0\0\0\0\1\0\0\0\2\0\0\0"


def test_objects_without_a_buffer_are_refused(channel):
    sender = ipmpsc.Sender(channel)
    with pytest.raises(TypeError):
        sender.send("text")
    with pytest.raises((BufferError, ValueError)):
        sender.send(numpy.zeros((4, 4))[:, 1])
    with pytest.raises(TypeError):
        sender.send_batch([b"fine", 7])
    assert channel.stats().claim_position == 0


def test_lease_is_read_only_and_not_a_copy(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    sender.send(numpy.arange(12, dtype=numpy.uint16))
    lease = receiver.receive(timeout=10)
    array = lease.numpy(numpy.uint16, (3, 4))
    assert array.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert not array.flags.writeable
    with pytest.raises(ValueError):
        array[0, 0] = 1
    assert memoryview(lease).readonly
    assert numpy.shares_memory(array, numpy.frombuffer(lease, numpy.uint8))


def test_array_keeps_the_message(channel):
    """The space comes back when the last view is gone, not before."""
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    sender.send(b"x" * 100)
    lease = receiver.receive(timeout=10)
    array = lease.numpy()
    lease.release()
    with pytest.raises(BufferError):
        memoryview(lease)
    with pytest.raises(ipmpsc.FailedPreconditionError):
        lease.position
    del lease
    gc.collect()
    assert channel.stats().release_position == 0
    assert bytes(array) == b"x" * 100
    del array
    assert channel.stats().release_position == 128


def test_released_lease_refuses(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    sender.send(b"x")
    lease = receiver.receive(timeout=10)
    lease.release()
    lease.release()
    assert channel.stats().release_position == 64
    with pytest.raises(ipmpsc.FailedPreconditionError):
        bytes(lease)


def test_lease_outlives_its_receiver(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    sender.send(b"kept")
    lease = receiver.receive(timeout=10)
    receiver.detach()
    with pytest.raises(ipmpsc.FailedPreconditionError):
        receiver.receive(timeout=0)
    with pytest.raises(ipmpsc.AlreadyExistsError):
        ipmpsc.Receiver(channel)
    assert bytes(lease) == b"kept"
    del lease
    ipmpsc.Receiver(channel).detach()


def test_loan_is_published_at_the_end_of_its_block(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    with sender.claim(8) as loan:
        loan.numpy(numpy.uint8)[:] = 7
        assert loan.position == 0
        with pytest.raises(ipmpsc.FailedPreconditionError):
            sender.send(b"x")
    assert receiver.receive_bytes(timeout=10) == b"\7" * 8
    loan = sender.claim(8)
    with memoryview(loan) as view:
        view[:4] = b"part"
    loan.publish(4)
    assert receiver.receive_bytes(timeout=10) == b"part"
    with pytest.raises(ipmpsc.FailedPreconditionError):
        loan.publish()


def test_loan_is_discarded_by_an_exception(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    with pytest.raises(KeyError):
        with sender.claim(8):
            raise KeyError("x")
    with pytest.raises(ValueError):
        loan = sender.claim(8)
        loan.publish(9)
    loan.discard()
    sender.claim(8)  # Dropped.
    sender.send(b"next")
    assert receiver.receive_bytes(timeout=10) == b"next"


def test_loan_with_views_is_not_published(channel):
    """A view could write into the message after its commit, or into another one later."""
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    loan = sender.claim(8)
    view = loan.numpy()
    with pytest.raises(BufferError, match="stays open"):
        loan.publish()
    del view
    loan.publish()
    assert len(receiver.receive(timeout=10)) == 8

    with pytest.raises(BufferError, match="not published"):
        with sender.claim(8) as loan:
            view = loan.numpy()
    with pytest.raises(ipmpsc.FailedPreconditionError):
        sender.send(b"x")  # It is still open: `view` writes into it.
    view[:] = 1
    del view
    sender.send(b"next")
    assert receiver.receive_bytes(timeout=10) == b"next"


def test_batch_arrives_together(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    sender.send_batch([b"one", bytearray(b"two"), b""])
    sender.send_batch([])
    assert receiver.receive_available() == [b"one", b"two", b""]
    assert receiver.receive_available() == []
    sender.send_batch(str(i).encode() for i in range(5))
    assert receiver.receive_available(2) == [b"0", b"1"]
    assert receiver.receive_available() == [b"2", b"3", b"4"]


def test_full_ring(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    assert sender.try_send(b"x" * channel.max_payload)
    assert not sender.try_send(b"x")
    begin = time.monotonic()
    with pytest.raises(TimeoutError, match="full"):
        sender.send(b"x", timeout=0.1)
    assert time.monotonic() - begin >= 0.1
    with pytest.raises(ipmpsc.DeadlineExceededError):
        sender.send_when_empty(b"x", timeout=0)
    with pytest.raises(ipmpsc.DeadlineExceededError):
        sender.claim(1, timeout=0.01)
    with pytest.raises(ipmpsc.DeadlineExceededError):
        sender.send_batch([b"x"], timeout=0.01)
    with pytest.raises(ValueError, match="max_payload|never|long"):
        sender.send(b"x" * 5000)
    receiver.receive(timeout=10)
    sender.send_when_empty(b"last", timeout=10)
    assert receiver.receive_bytes(timeout=10) == b"last"


def test_empty_ring(channel):
    receiver = ipmpsc.Receiver(channel)
    assert receiver.try_receive() is None
    begin = time.monotonic()
    with pytest.raises(TimeoutError):
        receiver.receive(timeout=0.1)
    assert time.monotonic() - begin >= 0.1
    with pytest.raises(ipmpsc.DeadlineExceededError):
        receiver.receive_bytes(timeout=-1)
    with pytest.raises(ValueError):
        receiver.receive(timeout=float("nan"))


def test_iteration_ends_with_the_channel(channel):
    sender = ipmpsc.Sender(channel)
    for i in range(3):
        sender.send(b"%d" % i)
    channel.close()
    assert channel.state == "closed"
    with ipmpsc.Receiver(channel) as receiver:
        assert [bytes(lease) for lease in receiver] == [b"0", b"1", b"2"]
        with pytest.raises(ipmpsc.OutOfRangeError):
            receiver.receive()
    with pytest.raises(ipmpsc.FailedPreconditionError, match="closed"):
        sender.send(b"x")


def test_iteration_ends_with_the_senders(channel):
    with ipmpsc.Sender(channel) as sender:
        sender.send(b"only")
    receiver = ipmpsc.Receiver(channel, end_without_senders=True)
    assert [bytes(lease) for lease in receiver] == [b"only"]


def test_other_threads_run_during_a_wait(channel):
    """The wait releases the interpreter's lock, or this would never end."""
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    timer = threading.Timer(0.1, lambda: sender.send(b"late"))
    timer.start()
    assert receiver.receive_bytes(timeout=60) == b"late"
    timer.join()


def test_busy_receiver_refuses_other_threads(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    sender.send(b"held")
    held = [receiver.receive(timeout=10)]
    received = []
    thread = threading.Thread(target=lambda: received.append(receiver.receive_bytes(timeout=60)))
    thread.start()
    refused = False
    deadline = time.monotonic() + 60
    while not refused and time.monotonic() < deadline:
        try:
            assert receiver.try_receive() is None
        except ipmpsc.FailedPreconditionError as error:
            assert "another thread" in str(error)
            refused = True
    assert refused
    with pytest.raises(ipmpsc.FailedPreconditionError):
        receiver.detach()
    held.clear()  # Released when the other thread looks up from its wait.
    sender.send(b"last")
    thread.join()
    assert received == [b"last"]
    assert channel.stats().release_position == 128


def test_sequence_and_time(path):
    channel = ipmpsc.Channel.create(path, capacity=4096, timestamps=True)
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    before = time.time_ns()
    sender.send(b"a")
    sender.set_next_sequence(7)
    sender.send(b"b")
    with pytest.raises(ValueError, match="larger"):
        sender.set_next_sequence(7)
    first = receiver.receive(timeout=10)
    second = receiver.receive(timeout=10)
    assert (first.sequence, second.sequence) == (1, 7)
    assert before <= first.sent_at <= second.sent_at <= time.time_ns()
    assert first.position < second.position
