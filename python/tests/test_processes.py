"""Real processes: another interpreter, forked children, a killed sender, Ctrl-C, and C++."""

import os
import signal
import subprocess
import sys
import time

import pytest

import ipmpsc

SENDER = """
import sys, ipmpsc
sender = ipmpsc.Sender(ipmpsc.Channel.open(sys.argv[1], timeout=60), name="child")
for i in range(int(sys.argv[2])):
    sender.send(b"%d" % i, timeout=60)
"""


def python(program, *arguments, **options):
    return subprocess.Popen([sys.executable, "-c", program, *arguments], **options)


def test_many_messages_from_another_process(channel, path):
    receiver = ipmpsc.Receiver(channel)
    with python(SENDER, path, "20000") as child:
        for i in range(20000):
            with receiver.receive(timeout=60) as lease:
                assert bytes(lease) == b"%d" % i
    assert child.returncode == 0


def test_two_senders(path):
    channel = ipmpsc.Channel.create(path, capacity=4096)
    receiver = ipmpsc.Receiver(channel)
    children = [python(SENDER, path, "2000") for _ in range(2)]
    by_slot = {}
    for _ in range(4000):
        with receiver.receive(timeout=60) as lease:
            by_slot.setdefault(lease.sender, []).append(int(bytes(lease)))
    for child in children:
        assert child.wait() == 0
    assert sorted(sum(by_slot.values(), [])) == sorted(list(range(2000)) * 2)


def test_killed_sender(channel, path):
    """It dies with an open loan. Its messages arrive, and so do those of others."""
    receiver = ipmpsc.Receiver(channel)
    program = """
import sys, time, ipmpsc
sender = ipmpsc.Sender(ipmpsc.Channel.open(sys.argv[1]))
sender.send(b"committed")
loan = sender.claim(100)
memoryview(loan)[:50] = b"?" * 50
print("ready", flush=True)
time.sleep(600)
"""
    with python(program, path, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"ready\n"
        ipmpsc.Sender(channel).send(b"behind it")
        child.kill()
    # A snapshot asks the kernel for 10 milliseconds at most, so on a busy machine it may not know.
    for _ in range(1000):
        killed = channel.stats().senders[0]
        if killed.liveness != "unknown":
            break
    assert killed.died
    assert receiver.receive_bytes(timeout=60) == b"committed"
    assert receiver.receive_bytes(timeout=60) == b"behind it"
    assert channel.stats().receiver.orphaned_records == 1


def in_child(function):
    """Whether `function` returns True in a forked child."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if function() else 1)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def refuses(call):
    try:
        call()
    except ipmpsc.FailedPreconditionError as error:
        return "fork" in str(error)
    return False


def test_fork_is_refused(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    sender.send(b"held")
    lease = receiver.receive(timeout=10)
    assert in_child(lambda: refuses(lambda: sender.send(b"x")))
    assert in_child(lambda: refuses(lambda: sender.claim(1)))
    assert in_child(lambda: refuses(lambda: receiver.receive(timeout=1)))
    assert in_child(lambda: refuses(lambda: receiver.try_receive()))
    # The child attaches anew.
    assert in_child(lambda: ipmpsc.Sender(channel).try_send(b"from the child"))
    assert bytes(lease) == b"held"
    assert receiver.receive_bytes(timeout=10) == b"from the child"


@pytest.mark.parametrize(
    "wait",
    [
        "ipmpsc.Receiver(channel).receive()",
        "next(iter(ipmpsc.Receiver(channel)))",
        "ipmpsc.Sender(channel).send(b'x')",
        "ipmpsc.Sender(channel).claim(1)",
        "ipmpsc.Sender(channel).send_when_empty(b'x')",
        "ipmpsc.Tap(channel).next()",
        "ipmpsc.Channel.open(sys.argv[1] + '.none', timeout=None)",
        "ipmpsc.Receiver(channel, timeout=None)",
        "ipmpsc.Receiver(channel).receive_latest()",
        "ipmpsc.Sender(channel).send_batch([b'x'])",
        "ipmpsc.Sender(channel).claim_when_empty(1)",
        "ipmpsc.Sender(channel).wait_until_released(64)",
        "[ipmpsc.Sender(channel), ipmpsc.Sender(channel, timeout=None)]",
        "waits = ipmpsc.WaitSet(); waits.add_receiver(ipmpsc.Receiver(channel)); waits.wait()",
        "ipmpsc.Channel.open_read_only(sys.argv[1] + '.none', timeout=None)",
    ],
)
def test_interrupt_ends_a_wait(path, wait):
    channel = ipmpsc.Channel.create(path, capacity=4096, max_senders=1)
    if "Sender" in wait:
        assert ipmpsc.Sender(channel).try_send(b"x" * channel.max_payload)
    attached = ipmpsc.Receiver(channel) if "timeout=None)" in wait else None
    program = f"""
import signal, sys, threading, time, ipmpsc
signal.signal(signal.SIGINT, signal.default_int_handler)  # Background jobs of a shell ignore it.
signal.alarm(60)
channel = ipmpsc.Channel.open(sys.argv[1])
threading.Timer(0.3, lambda: print("waiting", flush=True)).start()
try:
    {wait}
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    with python(program, path, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"waiting\n"
        time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == b"interrupted\n"
    assert child.returncode == 0
    del attached


@pytest.mark.parametrize("wait", ["ipmpsc.Receiver(channel).receive", "ipmpsc.Tap(channel).next"])
def test_daemon_waits_at_the_end_of_the_program(path, wait):
    """The interpreter never gives its lock back to such a thread."""
    ipmpsc.Channel.create(path, capacity=4096)
    program = f"""
import sys, threading, time, ipmpsc
channel = ipmpsc.Channel.open(sys.argv[1])
threading.Thread(target={wait}, daemon=True).start()

class Last:
    # While the interpreter ends. The thread looks up from its wait every 20 ms, so it does now.
    def __del__(self, sleep=time.sleep):
        sleep(0.3)

last = Last()
time.sleep(0.1)  # The thread begins its wait. If it is late, nothing is tested.
"""
    with python(program, path, stderr=subprocess.PIPE) as child:
        errors = child.stderr.read()
    assert (child.returncode, errors) == (0, b"")


def program_of(name):
    """A C++ program of this tree, built by Bazel; IPMPSC_PROGRAMS is their folder."""
    folder = os.environ.get("IPMPSC_PROGRAMS")
    if not folder:
        pytest.skip("IPMPSC_PROGRAMS is not set; see docs/python.md, 'Tests'")
    return os.path.join(folder, name)


def test_from_a_cpp_sender(path):
    """//examples:send, whose messages are parsed by the schema of the channel."""
    from ipmpsc import messages

    receive = subprocess.Popen([program_of("receive"), path], stdout=subprocess.PIPE)
    channel = ipmpsc.Channel.open(path, timeout=60)
    line = messages.message_class(channel)
    assert line.DESCRIPTOR.full_name == "ipmpsc.examples.Line"
    # Python to C++.
    sender = ipmpsc.Sender(channel, name="python")
    sender.send(line(text=b"from Python").SerializeToString(), timeout=60)
    assert receive.stdout.readline() == b"from Python\n"
    # C++ to Python: Python takes the receiver's place. It ends in order, so it has released the
    # line, and it leaves the channel to the sender that is attached.
    receive.send_signal(signal.SIGINT)
    assert receive.wait() == 0
    receive.stdout.close()
    receiver = ipmpsc.Receiver(channel, timeout=60)
    subprocess.run([program_of("send"), path], input=b"one\ntwo\n", check=True)
    received = [line.FromString(receiver.receive_bytes(timeout=60)).text for _ in range(2)]
    assert received == [b"one", b"two"]


def test_with_programs_in_c(path):
    """The programs of examples/c, which pass lines of text."""
    with subprocess.Popen([program_of("c_receive"), path], stdout=subprocess.PIPE) as receive:
        with ipmpsc.Sender(ipmpsc.Channel.open(path, timeout=60)) as sender:
            sender.send(b"from Python", timeout=60)
        assert receive.stdout.read() == b"from Python\n"
    assert receive.returncode == 0
    channel = ipmpsc.Channel.create(path, capacity=4096)
    receiver = ipmpsc.Receiver(channel)
    subprocess.run([program_of("c_send"), path], input=b"one\n\ntwo", check=True)
    assert receiver.receive_available() == [b"one", b"", b"two"]
