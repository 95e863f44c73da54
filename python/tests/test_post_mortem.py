"""Post-mortems: the messages that dead programs left in a channel."""

import subprocess
import sys

import pytest

import ipmpsc

PROGRAM = """
import os, signal, sys, ipmpsc
channel = ipmpsc.Channel.create(sys.argv[1], capacity=4096, description=b"readings")
sender = ipmpsc.Sender(channel, name="teller")
receiver = ipmpsc.Receiver(channel, name="hearer")
for message in (b"received", b"taken", b"left"):
    sender.send(message)
receiver.receive().release()
lease = receiver.receive()
loan = sender.claim(10)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_messages_of_dead_programs(path):
    assert subprocess.run([sys.executable, "-c", PROGRAM, path]).returncode == -9
    found = ipmpsc.PostMortem(path)
    messages = list(found)
    assert [(message.payload, message.released) for message in messages] == [
        (b"received", True),
        (b"taken", False),
        (b"left", False),
    ]
    assert isinstance(messages[0], ipmpsc.TapMessage) and messages[1].position == 64
    (orphan,) = found.orphans
    assert (orphan.position, orphan.sender, orphan.released) == (192, 0, False)
    stats = found.stats()
    assert stats.receiver.died and stats.receiver.name == "hearer"
    assert stats.senders[0].died and stats.senders[0].name == "teller"
    assert found.channel.description == b"readings"
    with pytest.raises(ipmpsc.OutOfRangeError):
        found.next()
    # The next receiver gets those that were not released.
    receiver = ipmpsc.Receiver(ipmpsc.Channel.open(path))
    assert receiver.receive_available() == [b"taken", b"left"]


def test_living_programs_are_refused(channel, path):
    receiver = ipmpsc.Receiver(channel)
    with pytest.raises(ipmpsc.FailedPreconditionError):
        ipmpsc.PostMortem(path)
    receiver.detach()
    assert list(ipmpsc.PostMortem(path)) == []
    with pytest.raises(FileNotFoundError):
        ipmpsc.PostMortem(path + ".none")
