"""Lossy channels, the newest message, flow control and the ends of waits."""

import signal
import threading
import time

import pytest

import ipmpsc


@pytest.fixture
def lossy(path):
    return ipmpsc.Channel.create(path, capacity=4096, max_senders=2, on_full="drop_newest")


def test_each_refused_message_counts_once(lossy):
    sender = ipmpsc.Sender(lossy)
    receiver = ipmpsc.Receiver(lossy)
    assert lossy.on_full == "drop_newest" and lossy.stats().drops_newest
    sender.send(b"x" * lossy.max_payload)
    assert sender.dropped == 0
    calls = (
        lambda: sender.send(b"x"),
        lambda: sender.send(b"x", timeout=0),
        lambda: sender.send(b"x", timeout=60),
        lambda: sender.claim(1),
        lambda: sender.send_batch([b"x"]),
        lambda: sender.send_when_empty(b"x"),
        lambda: sender.claim_when_empty(1),
    )
    for count, call in enumerate(calls, 1):
        with pytest.raises(ipmpsc.ResourceExhaustedError, match="dropped"):
            call()
        assert sender.dropped == count
    assert not sender.try_send(b"x")
    assert sender.try_claim(1) is None
    assert not sender.try_send_batch([b"x", b"y"])
    with pytest.raises(ipmpsc.ResourceExhaustedError):
        sender.send_batch([b"x", b"y", b"z"])
    expected = len(calls) + 1 + 1 + 2 + 3
    assert sender.dropped == receiver.dropped == expected
    stats = lossy.stats()
    assert stats.dropped_messages == stats.senders[0].dropped_messages == expected
    receiver.receive(timeout=10).release()
    sender.send(b"received")
    assert receiver.receive_bytes(timeout=10) == b"received"
    assert sender.dropped == expected


def test_channels_that_wait_drop_nothing(channel):
    sender = ipmpsc.Sender(channel)
    assert channel.on_full == "wait" and not channel.stats().drops_newest
    sender.send(b"x" * channel.max_payload)
    assert not sender.try_send(b"x")
    assert sender.try_claim(1) is None
    assert not sender.try_send_batch([b"x"])
    with pytest.raises(ipmpsc.DeadlineExceededError):
        sender.claim_when_empty(1, timeout=0.01)
    assert sender.dropped == 0


def test_policy_of_an_existing_channel(lossy, path):
    with pytest.raises(ipmpsc.FailedPreconditionError):
        ipmpsc.Channel.create(path, capacity=4096, max_senders=2, exist="open")
    with pytest.raises(ValueError, match="drop_newest"):
        ipmpsc.Channel.create_anonymous(on_full="drop_oldest")
    same = {"max_senders": 2, "exist": "open", "on_full": "drop_newest"}
    with pytest.raises(ipmpsc.FailedPreconditionError):
        ipmpsc.Channel.create(path, capacity=8192, **same)
    opened = ipmpsc.Channel.create(path, capacity=8192, accept_smaller=True, **same)
    assert opened.capacity == 4096


def test_latest(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    assert receiver.try_receive_latest() is None
    with pytest.raises(ipmpsc.DeadlineExceededError):
        receiver.receive_latest(timeout=0.01)
    sender.send_batch([b"12", b"34", b"5"])
    with receiver.receive_latest(timeout=10) as lease:
        assert bytes(lease) == b"5"
    sender.send(b"6")
    with receiver.try_receive_latest() as lease:
        assert bytes(lease) == b"6"
    assert (receiver.skipped.messages, receiver.skipped.bytes) == (2, 4)
    assert channel.stats().receiver.skipped_messages == 2


def test_start_at_the_newest(channel):
    sender = ipmpsc.Sender(channel)
    sender.send(b"old")
    receiver = ipmpsc.Receiver(channel, start="now")
    sender.send(b"new")
    assert receiver.receive_bytes(timeout=10) == b"new"
    assert receiver.skipped.messages == 1
    with pytest.raises(ValueError, match="oldest"):
        ipmpsc.Receiver(channel, start="yesterday")


def test_wait_until_released(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    sender.wait_until_released(timeout=0)  # Nothing was sent.
    sender.send(b"x")
    assert sender.sent_position == 64 and channel.released_position == 0
    with pytest.raises(ipmpsc.DeadlineExceededError):
        sender.wait_until_released(timeout=0.05)
    timer = threading.Timer(0.05, lambda: receiver.receive(timeout=10).release())
    timer.start()
    sender.wait_until_released(sender.sent_position, timeout=60)
    timer.join()
    assert channel.released_position == 64
    with pytest.raises(ValueError):
        sender.wait_until_released(1 << 40, timeout=0)


def test_claim_when_empty(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    with sender.claim_when_empty(4, timeout=10) as loan:
        memoryview(loan)[:] = b"loan"
    with pytest.raises(ipmpsc.DeadlineExceededError):
        sender.claim_when_empty(4, timeout=0.01)
    assert receiver.receive_bytes(timeout=10) == b"loan"
    with sender.try_claim(3) as loan:
        memoryview(loan)[:] = b"now"
    assert receiver.receive_bytes(timeout=10) == b"now"
    assert sender.try_send_batch([b"1", b"2"])
    assert receiver.receive_available() == [b"1", b"2"]


def test_wait_for_a_slot(channel):
    first, second = ipmpsc.Sender(channel), ipmpsc.Sender(channel)
    begin = time.monotonic()
    with pytest.raises(ipmpsc.ResourceExhaustedError):
        ipmpsc.Sender(channel, timeout=0.1)
    assert time.monotonic() - begin >= 0.1
    timer = threading.Timer(0.05, first.detach)
    timer.start()
    assert ipmpsc.Sender(channel, timeout=60).slot != second.slot
    timer.join()


@pytest.mark.parametrize("wait", ["receive", "receive_latest", "send", "claim", "release"])
def test_interrupt(channel, wait):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    calls = {
        "receive": receiver.receive,
        "receive_latest": receiver.receive_latest,
        "send": lambda: sender.send(b"x"),
        "claim": lambda: sender.claim(1),
        "release": sender.wait_until_released,
    }
    end = receiver if wait.startswith("receive") else sender
    if end is sender:
        sender.send(b"x" * channel.max_payload)
    timer = threading.Timer(0.05, end.interrupt)
    timer.start()
    with pytest.raises(ipmpsc.CancelledError):
        calls[wait]()
    timer.join()
    end.detach()
    end.interrupt()  # A late call has no effect.


def test_interrupt_in_a_signal_handler(channel):
    receiver = ipmpsc.Receiver(channel)
    before = signal.signal(signal.SIGALRM, lambda *_: receiver.interrupt())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(ipmpsc.CancelledError):
            receiver.receive()
    finally:
        signal.signal(signal.SIGALRM, before)


def test_own_channel(channel):
    assert ipmpsc.Sender(channel).channel.id == channel.id
    assert ipmpsc.Receiver(channel).channel.id == channel.id
    assert ipmpsc.Tap(channel).channel.id == channel.id
