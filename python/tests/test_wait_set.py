"""Wait sets: several channels and descriptors, in this process and with others."""

import gc
import os
import select
import subprocess
import sys
import threading
import time
import weakref

import pytest

import ipmpsc


@pytest.fixture
def other(path):
    channel = ipmpsc.Channel.create(path + "-other", capacity=4096)
    yield channel
    os.remove(path + "-other")


def test_members_that_are_ready(channel, other):
    first, second = ipmpsc.Receiver(channel), ipmpsc.Receiver(other)
    waits = ipmpsc.WaitSet()
    waits.add_receiver(first)
    waits.add_receiver(second, data={"name": "second"})
    assert len(waits) == waits.statistics.members == 2
    assert waits.wait(timeout=0) == []
    begin = time.monotonic()
    assert waits.wait(timeout=0.1) == []
    assert time.monotonic() - begin >= 0.1
    ipmpsc.Sender(other).send(b"x")
    (ready,) = waits.wait(timeout=60)
    assert ready.member is second and ready.data == {"name": "second"} and ready.events == 0
    # As long as it is ready.
    assert len(waits.wait(timeout=60)) == 1
    ipmpsc.Sender(channel).send(b"y")
    assert {id(ready.member) for ready in waits.wait(timeout=60)} == {id(first), id(second)}
    assert len(waits.wait(timeout=60, max_ready=1)) == 1
    waits.remove(second)
    assert [member for member, _, _ in waits.wait(timeout=60)] == [first]
    with pytest.raises(ipmpsc.NotFoundError):
        waits.remove(second)
    with pytest.raises(ValueError):
        waits.wait(timeout=0, max_ready=0)
    with pytest.raises(ValueError):
        waits.wait(timeout=float("nan"))


def test_senders_and_descriptors(channel):
    receiver = ipmpsc.Receiver(channel)
    sender = ipmpsc.Sender(channel)
    sender.send(b"x" * channel.max_payload)
    waits = ipmpsc.WaitSet()
    waits.add_sender(sender, 100, "space")
    with pytest.raises(ValueError):
        waits.add_sender(ipmpsc.Sender(channel), 1 << 30)
    assert waits.wait(timeout=0.05) == []
    receiver.receive(timeout=10).release()
    assert waits.wait(timeout=60) == [(sender, "space", 0)]
    waits.remove(sender)
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as pipe:
        waits.add_fd(pipe, select.EPOLLIN, "pipe")
        with pytest.raises(FileExistsError):
            waits.add_fd(reading, select.EPOLLIN)
        os.write(writing, b"x")
        assert waits.wait(timeout=60) == [(pipe, "pipe", select.EPOLLIN)]
        waits.remove(pipe)
        waits.add_fd(reading, select.EPOLLIN)
        waits.remove(reading)
        assert len(waits) == 0
    os.close(writing)
    with pytest.raises((TypeError, ValueError)):
        waits.add_fd("no descriptor", select.EPOLLIN)
    with pytest.raises(ValueError):
        waits.add_fd(writing, select.EPOLLIN)
    with pytest.raises(ipmpsc.NotFoundError):
        waits.remove(10**30)
    with pytest.raises(TypeError):
        waits.add_receiver(sender)


@pytest.mark.parametrize("mechanism", ["automatic", "io_uring", "helper_thread", "polling"])
def test_mechanisms(channel, path, mechanism):
    try:
        waits = ipmpsc.WaitSet(mechanism=mechanism)
    except ipmpsc.UnimplementedError as error:
        pytest.skip(str(error))
    if mechanism != "automatic":
        assert waits.statistics.mechanism == mechanism
    receiver = ipmpsc.Receiver(channel)
    waits.add_receiver(receiver)
    program = """
import sys, time, ipmpsc
sender = ipmpsc.Sender(ipmpsc.Channel.open(sys.argv[1]))
for i in range(200):
    sender.send(b"%d" % i, timeout=60)
    if i % 20 == 0:
        time.sleep(0.005)
"""
    received = []
    with subprocess.Popen([sys.executable, "-c", program, path]):
        while len(received) < 200:
            assert waits.wait(timeout=60), "nothing came"
            received += receiver.receive_available()
    assert received == [b"%d" % i for i in range(200)]


def test_no_such_mechanism():
    with pytest.raises(ValueError, match="io_uring"):
        ipmpsc.WaitSet(mechanism="magic")


def test_member_of_one_set(channel):
    receiver = ipmpsc.Receiver(channel)
    waits = ipmpsc.WaitSet()
    waits.add_receiver(receiver)
    with pytest.raises(FileExistsError):
        ipmpsc.WaitSet().add_receiver(receiver)
    with pytest.raises(ipmpsc.FailedPreconditionError):
        receiver.fileno()
    del waits
    gc.collect()
    ipmpsc.WaitSet().add_receiver(receiver)


def test_detached_member(channel):
    receiver = ipmpsc.Receiver(channel)
    waits = ipmpsc.WaitSet()
    waits.add_receiver(receiver)
    receiver.detach()
    ipmpsc.Sender(channel).send(b"x")
    assert waits.wait(timeout=0.05) == []
    waits.remove(receiver)
    assert len(waits) == 0


def test_interrupt(channel):
    waits = ipmpsc.WaitSet()
    waits.add_receiver(ipmpsc.Receiver(channel))
    timer = threading.Timer(0.05, waits.interrupt)
    timer.start()
    with pytest.raises(ipmpsc.CancelledError):
        waits.wait(timeout=60)
    timer.join()
    assert waits.wait(timeout=0) == []


def test_busy_set_refuses_other_threads(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    sender.send(b"held")
    held = [receiver.receive(timeout=10)]
    waits = ipmpsc.WaitSet()
    waits.add_receiver(receiver)
    found = []
    thread = threading.Thread(target=lambda: found.append(waits.wait(timeout=60)))
    thread.start()
    refused = set()
    deadline = time.monotonic() + 60
    calls = {
        "set": lambda: waits.wait(0),
        "member": receiver.try_receive,
        "statistics": lambda: waits.statistics,
    }
    while refused != set(calls) and time.monotonic() < deadline:
        for name, call in calls.items():
            try:
                call()
            except ipmpsc.FailedPreconditionError as error:
                assert "another thread" in str(error)
                refused.add(name)
    assert refused == set(calls)
    held.clear()  # Released when the other thread looks up from its wait.
    sender.send(b"last")
    thread.join()
    assert [ready.member for ready in found[0]] == [receiver]
    assert channel.stats().release_position == 64


def test_set_keeps_its_members_alive(channel):
    waits = ipmpsc.WaitSet()
    waits.add_receiver(ipmpsc.Receiver(channel))
    gc.collect()
    ipmpsc.Sender(channel).send(b"x")
    (ready,) = waits.wait(timeout=60)
    assert ready.member.receive_bytes(timeout=10) == b"x"
    del ready, waits
    gc.collect()
    assert not channel.has_receiver


def test_cycles_are_collected(channel):
    class Handler:
        pass

    handler = Handler()
    handler.waits = ipmpsc.WaitSet()
    handler.waits.add_receiver(ipmpsc.Receiver(channel), handler)
    gone = weakref.ref(handler)
    del handler
    gc.collect()
    assert gone() is None and not channel.has_receiver


def test_fork_is_refused(channel):
    receiver = ipmpsc.Receiver(channel)
    waits = ipmpsc.WaitSet()
    waits.add_receiver(receiver)
    pid = os.fork()
    if pid == 0:
        try:
            waits.wait(timeout=1)
        except ipmpsc.FailedPreconditionError as error:
            os._exit(0 if "fork" in str(error) else 1)
        os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    ipmpsc.Sender(channel).send(b"x")
    assert len(waits.wait(timeout=60)) == 1
