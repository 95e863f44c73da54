"""Channels, taps, snapshots, exceptions and schemas."""

import os
import pathlib
import socket
import time
import types

import pytest

import ipmpsc
from ipmpsc import messages


def test_create_and_open(path):
    with pytest.raises(FileNotFoundError) as raised:
        ipmpsc.Channel.open(path)
    assert raised.value.code == "NOT_FOUND" and path in str(raised.value)
    assert isinstance(raised.value, ipmpsc.Error)
    channel = ipmpsc.Channel.create(pathlib.Path(path), capacity=8192, mode=0o640, description=b"d")
    assert (channel.capacity, channel.max_senders, channel.path) == (8192, 64, path)
    assert os.stat(path).st_mode & 0o777 == 0o640
    assert channel.description == b"d" and len(channel.id) == 32
    assert not channel.has_receiver and not channel.has_sender
    with pytest.raises(FileExistsError):
        ipmpsc.Channel.create(path)
    assert ipmpsc.Channel.create(path, capacity=8192, exist="open").id == channel.id
    assert ipmpsc.Channel.open(path.encode()).id == channel.id
    assert ipmpsc.Channel.open_fd(channel.fileno()).id == channel.id
    other = ipmpsc.Channel.create(path, exist="replace")
    assert other.id != channel.id and channel.state == "replaced"
    with pytest.raises(ipmpsc.AbortedError):
        ipmpsc.Sender(channel)
    os.remove(path)
    assert other.state == "unlinked"
    assert path in repr(other)


def test_bad_arguments(path):
    for arguments in ({"exist": "maybe"}, {"capacity": 0}, {"max_senders": 5000}):
        with pytest.raises(ValueError):
            ipmpsc.Channel.create(path, **arguments)
    with pytest.raises(TypeError):
        ipmpsc.Channel.create(7)
    with pytest.raises(ValueError):
        ipmpsc.Channel.create("a\0b")
    with pytest.raises(ipmpsc.InvalidArgumentError):
        ipmpsc.Channel.open("/proc")
    with pytest.raises(TypeError):
        ipmpsc.Sender(None)
    assert not os.path.exists(path)


def test_open_waits_for_creation(path):
    begin = time.monotonic()
    with pytest.raises(ipmpsc.DeadlineExceededError):
        ipmpsc.Channel.open(path, timeout=0.1)
    assert time.monotonic() - begin >= 0.1


def test_read_only_channel(channel, path):
    looking = ipmpsc.Channel.open_read_only(path)
    with pytest.raises(PermissionError):
        ipmpsc.Receiver(looking)
    assert looking.stats().id == channel.id


def test_released_handle(path):
    with ipmpsc.Channel.create(path) as channel:
        sender = ipmpsc.Sender(channel)
    with pytest.raises(ipmpsc.FailedPreconditionError):
        channel.capacity
    sender.send(b"the channel goes on")
    assert "released" in repr(channel)


def test_slots_run_out(channel):
    first, second = ipmpsc.Sender(channel), ipmpsc.Sender(channel)
    with pytest.raises(ipmpsc.ResourceExhaustedError):
        ipmpsc.Sender(channel)
    first.detach()
    assert ipmpsc.Sender(channel).slot != second.slot


def test_required_receiver(channel):
    sender = ipmpsc.Sender(channel, require_receiver=True)
    with pytest.raises(ipmpsc.UnavailableError):
        sender.send(b"x")


def test_damaged_channel(channel):
    receiver = ipmpsc.Receiver(channel)
    os.pwrite(channel.fileno(), (1 << 40).to_bytes(8, "little"), 4096 + 128)
    with pytest.raises(ipmpsc.DataLossError):
        receiver.receive(timeout=1)
    assert channel.stats().damaged


def test_descriptor_passing():
    channel = ipmpsc.Channel.create_anonymous(capacity=4096)
    assert channel.path == ""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with pytest.raises(ipmpsc.DeadlineExceededError):
            ipmpsc.Channel.receive_fd(theirs.fileno(), timeout=0.05)
        channel.send_fd(ours.fileno(), timeout=1)
        assert ipmpsc.Channel.receive_fd(theirs.fileno(), timeout=1).id == channel.id


def test_tap(channel, path):
    sender = ipmpsc.Sender(channel, name="teller")
    tap = ipmpsc.Tap(ipmpsc.Channel.open_read_only(path), start="oldest_unreleased")
    assert tap.try_next() is None
    sender.send(b"seen")
    message = tap.next(timeout=10)
    assert (message.payload, message.position, message.lost_before) == (b"seen", 0, 0)
    assert message.sent_at is None
    with pytest.raises(ipmpsc.DeadlineExceededError):
        tap.next(timeout=0.05)
    receiver = ipmpsc.Receiver(channel)
    for i in range(200):
        sender.send(b"%d" % i)
        receiver.receive(timeout=10).release()
    sender.send(b"after")
    message = tap.next(timeout=10)
    assert message.lost_before > 0 and tap.loss.bytes == message.lost_before
    channel.close()
    assert [message.payload, *(later.payload for later in tap)][-1] == b"after"
    assert list(tap) == []
    with pytest.raises(ValueError):
        ipmpsc.Tap(channel, start="yesterday")


def test_stats(channel):
    sender = ipmpsc.Sender(channel, name="teller")
    sender.send(b"12345")
    loan = sender.claim(100)
    stats = channel.stats()
    assert (stats.fill, stats.capacity, stats.attached_senders) == (192, 4096, 1)
    assert stats.receiver is None
    assert stats.oldest_open_claim.position == 64
    assert stats.oldest_record.payload_bytes == 5
    assert abs(stats.created - time.time()) < 3600
    (teller,) = stats.senders
    # A snapshot asks the kernel for 10 milliseconds at most.
    assert teller.liveness in ("alive", "unknown")
    assert (teller.name, teller.pid) == ("teller", os.getpid())
    assert (teller.sent_messages, teller.sent_bytes, teller.waited) == (1, 5, 0.0)
    loan.discard()
    ipmpsc.Receiver(channel, name="hearer").receive(timeout=10).release()
    hearer = channel.stats().receiver
    assert (hearer.name, hearer.received_messages, hearer.wait) == ("hearer", 1, "none")


def channel_info(message_type):
    """A description as C++ writes it, without its fingerprint."""
    from google.protobuf import descriptor_pb2

    schema = descriptor_pb2.FileDescriptorSet()
    message_type.DESCRIPTOR.file.CopyToProto(schema.file.add())
    serialised = schema.SerializeToString()
    name = message_type.DESCRIPTOR.full_name.encode()
    length = len(serialised)
    varint = b""
    while length >= 128:
        varint += bytes([length & 127 | 128])
        length >>= 7
    return b"\x0a" + bytes([len(name)]) + name + b"\x12" + varint + bytes([length]) + serialised


def test_own_message_class(channel):
    from google.protobuf import timestamp_pb2

    ipmpsc.Sender(channel).send(timestamp_pb2.Timestamp(seconds=7).SerializeToString())
    lease = ipmpsc.Receiver(channel).receive(timeout=10)
    assert timestamp_pb2.Timestamp.FromString(bytes(lease)).seconds == 7


def test_schema_of_the_channel(path):
    from google.protobuf import timestamp_pb2

    channel = ipmpsc.Channel.create(path, description=channel_info(timestamp_pb2.Timestamp))
    message = messages.message_class(channel)(seconds=8)
    assert timestamp_pb2.Timestamp.FromString(message.SerializeToString()).seconds == 8


def test_description_of_files_that_many_import():
    """Each file of a layer imports both of the layer below: 2^30 paths lead to the lowest ones."""

    class File:
        def __init__(self, name, imported):
            self.name = name
            self.imported = imported
            self.looks = 0

        @property
        def dependencies(self):
            self.looks += 1
            assert self.looks == 1
            return self.imported

        def CopyToProto(self, proto):
            proto.name = self.name

    layer = []
    for i in range(30):
        layer = [File(f"{i}{half}.proto", layer) for half in "ab"]
    message = types.SimpleNamespace(
        DESCRIPTOR=types.SimpleNamespace(file=layer[0], full_name="test.Message")
    )
    described = messages.description(message)
    # Those that are imported come first.
    places = [described.index(f"{i}a.proto".encode()) for i in range(30)]
    assert places == sorted(places) and described.count(b".proto") == 59


def test_channel_without_a_schema(channel, path):
    with pytest.raises(ipmpsc.InvalidArgumentError, match="no schema"):
        messages.message_class(channel)
    other = ipmpsc.Channel.create(path, exist="replace", description=b"\xff\xff")
    with pytest.raises(ipmpsc.InvalidArgumentError):
        messages.message_class(other)
