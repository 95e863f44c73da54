"""Tasks of asyncio: real processes, cancellation, several tasks, threads and loops."""

import asyncio
import gc
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref

import pytest

import ipmpsc

SENDER = """
import random, sys, time, ipmpsc
sender = ipmpsc.Sender(ipmpsc.Channel.open(sys.argv[1], timeout=60), name="child")
for i in range(int(sys.argv[2])):
    sender.send(b"%d" % i, timeout=60)
    if random.random() < float(sys.argv[3]):
        time.sleep(random.random() / 1000)
"""


def python(program, *arguments, **options):
    return subprocess.Popen([sys.executable, "-c", program, *arguments], **options)


async def until(condition):
    """Waits for a condition of this process."""
    for _ in range(60000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not come to be")


def is_readable(descriptor):
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def test_messages_of_another_process(channel, path):
    async def main():
        receiver = ipmpsc.Receiver(channel)
        for i in range(5000):
            with await receiver.receive_async() as lease:
                assert bytes(lease) == b"%d" % i
        assert not asyncio.get_running_loop().remove_reader(receiver.fileno())

    with python(SENDER, path, "5000", "0.01") as child:
        asyncio.run(main())
    assert child.returncode == 0


def test_iteration_ends_after_a_killed_sender(channel, path):
    """It dies with an open loan, in the middle of the receiver's wait."""
    program = """
import sys, time, ipmpsc
sender = ipmpsc.Sender(ipmpsc.Channel.open(sys.argv[1]))
for i in range(30):
    sender.send(b"%d" % i, timeout=60)
loan = sender.claim(100)
print("ready", flush=True)
time.sleep(600)
"""

    async def main(child):
        receiver = ipmpsc.Receiver(channel, end_without_senders=True)
        received = []
        async for lease in receiver:
            with lease:
                received.append(bytes(lease))
            if len(received) == 30:
                asyncio.get_running_loop().call_later(0.05, child.kill)
        assert received == [b"%d" % i for i in range(30)]

    with python(program, path, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"ready\n"
        asyncio.run(main(child))
    assert child.returncode == -signal.SIGKILL
    assert channel.stats().receiver.orphaned_records == 1


def test_iteration_ends_with_the_channel(channel):
    async def main():
        receiver = ipmpsc.Receiver(channel)
        ipmpsc.Sender(channel).send(b"only")
        asyncio.get_running_loop().call_later(0.05, channel.close)
        return [bytes(lease) async for lease in receiver]

    assert asyncio.run(main()) == [b"only"]


def test_cancelled_wait_leaves_nothing(channel):
    async def main():
        loop = asyncio.get_running_loop()
        sender = ipmpsc.Sender(channel)
        receiver = ipmpsc.Receiver(channel)
        task = asyncio.create_task(receiver.receive_bytes_async())
        await asyncio.sleep(0.01)
        with pytest.raises(ipmpsc.FailedPreconditionError, match="task"):
            receiver.try_receive()
        with pytest.raises(ipmpsc.FailedPreconditionError, match="task"):
            receiver.detach()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not loop.remove_reader(receiver.fileno())
        sender.send(b"kept")
        assert await receiver.receive_bytes_async() == b"kept"
        receiver.detach()

    asyncio.run(main())


def test_timeouts_lose_no_message(channel, path):
    """Each wait is short, so that many end just as a message comes."""

    async def main():
        receiver = ipmpsc.Receiver(channel)
        received = 0
        timeouts = 0
        end = time.monotonic() + 60
        while received < 2000:
            assert time.monotonic() < end, f"{received} messages in a minute"
            try:
                message = await asyncio.wait_for(receiver.receive_bytes_async(), 0.0003)
            except asyncio.TimeoutError:
                timeouts += 1
                continue
            assert message == b"%d" % received
            received += 1
        assert timeouts > 0

    with python(SENDER, path, "2000", "0.5"):
        asyncio.run(main())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is of Python 3.11")
def test_timeout_block(channel):
    async def main():
        receiver = ipmpsc.Receiver(channel)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await receiver.receive_async()
        ipmpsc.Sender(channel).send(b"later")
        async with asyncio.timeout(60):
            assert await receiver.receive_bytes_async() == b"later"

    asyncio.run(main())


def test_send_waits_for_space(channel):
    async def main():
        sender = ipmpsc.Sender(channel)
        receiver = ipmpsc.Receiver(channel)
        assert sender.try_send(b"x" * channel.max_payload)
        cancelled = asyncio.create_task(sender.send_async(b"never"))
        await asyncio.sleep(0.01)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert not asyncio.get_running_loop().remove_reader(sender.fileno())
        task = asyncio.create_task(sender.send_async(b"later"))
        await asyncio.sleep(0.01)
        assert not task.done()
        receiver.receive(timeout=10).release()
        await asyncio.wait_for(task, 60)
        assert receiver.receive_available() == [b"later"]

    asyncio.run(main())


def test_claims_and_batches_wait_for_space(channel):
    async def main():
        sender = ipmpsc.Sender(channel)
        receiver = ipmpsc.Receiver(channel)
        assert sender.try_send(b"x" * channel.max_payload)
        task = asyncio.create_task(sender.claim_async(4))
        await asyncio.sleep(0.01)
        receiver.receive(timeout=10).release()
        with await asyncio.wait_for(task, 60) as loan:
            memoryview(loan)[:] = b"loan"
        assert receiver.receive_bytes(timeout=10) == b"loan"

        # A batch that needs the whole ring, and one message in it.
        sender.send(b"first")
        batch = [b"%d" % i for i in range(64)]
        task = asyncio.create_task(sender.send_batch_async(batch))
        await asyncio.sleep(0.01)
        assert not task.done()
        assert receiver.receive_bytes(timeout=10) == b"first"
        await asyncio.wait_for(task, 60)
        assert receiver.receive_available() == batch
        with pytest.raises(ValueError):
            await sender.send_batch_async([b""] * 65)
        with pytest.raises(ValueError):
            await sender.send_async(b"x" * 5000)

    asyncio.run(main())


@pytest.mark.parametrize("timestamps", [False, True])
def test_batch_waits_for_no_more_space_than_it_needs(path, timestamps):
    async def main():
        channel = ipmpsc.Channel.create(path, capacity=4096, timestamps=timestamps)
        receiver = ipmpsc.Receiver(channel)
        armed = []

        class Late(ipmpsc.Sender):
            def arm(self):
                # The last release. It comes before the wait, which it cannot wake.
                receiver.receive(timeout=10).release()
                armed.append(super().arm())
                return armed[-1]

        sender = Late(channel)
        sender.send(b"x" * 1500)
        sender.send(b"y" * 2000)
        # 20 records of 64 bytes, for which the kept message leaves space.
        batch = [b"z" * (32 if timestamps else 40)] * 20
        await asyncio.wait_for(sender.send_batch_async(batch), 60)
        assert armed == [False]
        receiver.receive(timeout=10).release()
        assert receiver.receive_available() == batch

    asyncio.run(main())


def test_send_to_a_slow_process(channel, path):
    receiving = """
import sys, ipmpsc
receiver = ipmpsc.Receiver(ipmpsc.Channel.open(sys.argv[1]), end_without_senders=True)
for i, lease in enumerate(receiver):
    with lease:
        assert bytes(lease) == b"%d" % i, bytes(lease)
print(i + 1)
"""

    async def main():
        with ipmpsc.Sender(channel) as sender:
            for i in range(3000):
                await sender.send_async(b"%d" % i)

    with python(receiving, path, stdout=subprocess.PIPE) as child:
        asyncio.run(main())
        assert child.stdout.read() == b"3000\n"


def test_lossy_send_does_not_wait(path):
    async def main():
        channel = ipmpsc.Channel.create(path, capacity=4096, on_full="drop_newest")
        sender = ipmpsc.Sender(channel)
        await sender.send_async(b"x" * channel.max_payload)
        with pytest.raises(ipmpsc.ResourceExhaustedError, match="dropped"):
            await sender.send_async(b"x")
        with pytest.raises(ipmpsc.ResourceExhaustedError, match="dropped"):
            await sender.claim_async(1)
        assert sender.dropped == 2
        with pytest.raises(ipmpsc.ResourceExhaustedError, match="dropped"):
            await sender.send_batch_async([b"x", b"y"])
        assert sender.dropped == 4

    asyncio.run(main())


def test_tasks_take_turns(channel):
    """Tasks share a sender, and others a receiver. Nothing is lost or comes twice."""

    async def main():
        sender = ipmpsc.Sender(channel)
        receiver = ipmpsc.Receiver(channel)
        received = []

        async def send(task):
            for i in range(500):
                await sender.send_async(b"%d %d" % (task, i))

        async def receive():
            async for lease in receiver:
                with lease:
                    received.append(bytes(lease))

        receivers = [asyncio.create_task(receive()) for _ in range(3)]
        await asyncio.gather(*(send(task) for task in range(4)))
        channel.close()
        await asyncio.gather(*receivers)
        for task in range(4):
            own = [message for message in received if message.startswith(b"%d " % task)]
            assert own == [b"%d %d" % (task, i) for i in range(500)]
        assert len(received) == 2000

    asyncio.run(main())


def test_cancelled_task_passes_its_turn_on(channel):
    async def main():
        receiver = ipmpsc.Receiver(channel)
        tasks = [asyncio.create_task(receiver.receive_bytes_async()) for _ in range(3)]
        await asyncio.sleep(0.01)
        tasks[0].cancel()
        tasks[1].cancel()
        ipmpsc.Sender(channel).send(b"for the third")
        assert await asyncio.wait_for(tasks[2], 60) == b"for the third"
        assert tasks[0].cancelled() and tasks[1].cancelled()

    asyncio.run(main())


def test_other_loops_and_threads_are_refused(channel):
    async def main():
        receiver = ipmpsc.Receiver(channel)
        task = asyncio.create_task(receiver.receive_bytes_async())
        await asyncio.sleep(0.01)
        errors = []

        def in_thread(call):
            def run():
                try:
                    call()
                except ipmpsc.Error as error:
                    errors.append(error)

            thread = threading.Thread(target=run)
            thread.start()
            thread.join()

        in_thread(lambda: asyncio.run(receiver.receive_async()))
        in_thread(lambda: receiver.receive(timeout=10))
        assert [type(error) for error in errors] == [ipmpsc.FailedPreconditionError] * 2
        assert "event loop" in str(errors[0]) and "task" in str(errors[1])
        ipmpsc.Sender(channel).send(b"undisturbed")
        assert await asyncio.wait_for(task, 60) == b"undisturbed"

    asyncio.run(main())


def test_loops_one_after_the_other(channel):
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    for i in range(3):

        async def main():
            asyncio.get_running_loop().call_later(0.01, sender.send, b"%d" % i)
            return await receiver.receive_bytes_async()

        assert asyncio.run(main()) == b"%d" % i


def test_closed_loop_gives_the_receiver_back(channel):
    """A loop that is closed in the middle of a wait, without an end of its tasks."""
    receiver = ipmpsc.Receiver(channel)
    loop = asyncio.new_event_loop()
    task = loop.create_task(receiver.receive_async())
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()
    ipmpsc.Sender(channel).send(b"next loop")
    assert asyncio.run(receiver.receive_bytes_async()) == b"next loop"
    task._log_destroy_pending = False
    del task


@pytest.mark.parametrize("kind", ["receiver", "sender", "wait set"])
def test_cycle_of_an_end_and_its_closed_loop_is_collected(channel, kind):
    """The end keeps the loop of its tasks, and a loop may know the end."""
    loop = asyncio.new_event_loop()
    if kind == "receiver":
        loop.end = ipmpsc.Receiver(channel)
        wait = loop.end.receive_async()
    elif kind == "sender":
        loop.end = ipmpsc.Sender(channel)
        while loop.end.try_send(b"x" * 1000):
            assert channel.stats().fill <= 4096
        wait = loop.end.send_async(b"x" * 1000)
    else:
        loop.end = ipmpsc.WaitSet()
        loop.end.add_receiver(ipmpsc.Receiver(channel))
        wait = loop.end.wait_async()
    task = loop.create_task(wait)
    # Or else the collector ends the wait, and so the queue of tasks, before it sees the cycle.
    loop.task = task
    loop.run_until_complete(asyncio.sleep(0.01))
    assert loop.end._turns.loop is loop
    loop.close()
    task._log_destroy_pending = False
    gone = weakref.ref(loop)
    del loop, task, wait
    gc.collect()
    assert gone() is None
    assert not channel.has_receiver and not channel.has_sender


def test_collected_wait_of_a_closed_loop_leaves_the_next_one_alone(channel):
    receiver = ipmpsc.Receiver(channel)
    loop = asyncio.new_event_loop()
    old = loop.create_task(receiver.receive_async())
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()
    old._log_destroy_pending = False
    collected = weakref.ref(old)

    async def main():
        nonlocal old
        task = asyncio.create_task(receiver.receive_bytes_async())
        await asyncio.sleep(0.01)
        old = None
        gc.collect()
        assert collected() is None
        with pytest.raises(ipmpsc.FailedPreconditionError, match="a task waits"):
            receiver.try_receive()
        ipmpsc.Sender(channel).send(b"undisturbed")
        assert await asyncio.wait_for(task, 60) == b"undisturbed"

    asyncio.run(main())


@pytest.mark.parametrize("kind", ["receiver", "sender", "lossy sender", "tap"])
def test_busy_channel_leaves_time_for_others(path, kind):
    """A task that always finds a message, or space for one, lets others run."""

    async def main():
        on_full = "drop_newest" if kind == "lossy sender" else "wait"
        channel = ipmpsc.Channel.create(path, capacity=1 << 20, on_full=on_full)
        sender = ipmpsc.Sender(channel)
        receiver = ipmpsc.Receiver(channel)
        tap = ipmpsc.Tap(channel)
        if kind in ("receiver", "tap"):
            sender.send_batch([b"x"] * 10000)
        call = {"receiver": receiver.receive_async, "tap": tap.next_async}.get(
            kind, lambda: sender.send_async(b"x")
        )
        runs = 0

        async def other():
            nonlocal runs
            while True:
                runs += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        for _ in range(10000):
            await call()
        task.cancel()
        assert runs >= 100

    asyncio.run(main())


def test_latest(channel):
    async def main():
        sender = ipmpsc.Sender(channel)
        receiver = ipmpsc.Receiver(channel)
        sender.send_batch([b"1", b"2", b"3"])
        with await receiver.receive_latest_async() as lease:
            assert bytes(lease) == b"3"
        assert (receiver.skipped.messages, receiver.skipped.bytes) == (2, 2)
        asyncio.get_running_loop().call_later(0.01, sender.send, b"4")
        with await receiver.receive_latest_async() as lease:
            assert bytes(lease) == b"4"

    asyncio.run(main())


def test_wait_set(channel):
    async def main():
        sender = ipmpsc.Sender(channel)
        receiver = ipmpsc.Receiver(channel)
        ours, theirs = os.pipe()
        try:
            waits = ipmpsc.WaitSet()
            waits.add_receiver(receiver, "messages")
            waits.add_fd(ours, select.EPOLLIN, "pipe")
            with pytest.raises(ipmpsc.FailedPreconditionError, match="set"):
                await receiver.receive_async()
            asyncio.get_running_loop().call_later(0.01, sender.send, b"x")
            (ready,) = await waits.wait_async()
            assert ready == (receiver, "messages", 0)
            receiver.receive(timeout=10).release()
            asyncio.get_running_loop().call_later(0.01, os.write, theirs, b"x")
            (ready,) = await waits.wait_async()
            assert ready == (ours, "pipe", select.EPOLLIN)
            os.read(ours, 1)
            task = asyncio.create_task(waits.wait_async())
            await asyncio.sleep(0.01)
            with pytest.raises(ipmpsc.FailedPreconditionError, match="task"):
                waits.remove(ours)
            threading.Thread(target=waits.interrupt).start()
            with pytest.raises(ipmpsc.CancelledError):
                await task
            assert not asyncio.get_running_loop().remove_reader(waits.fileno())
        finally:
            os.close(ours)
            os.close(theirs)

    asyncio.run(main())


def test_tap(channel):
    async def main():
        tap = ipmpsc.Tap(channel)
        sender = ipmpsc.Sender(channel)
        asyncio.get_running_loop().call_later(0.01, sender.send, b"seen")
        assert (await tap.next_async()).payload == b"seen"
        sender.send(b"last")
        channel.close()
        assert [message.payload async for message in tap] == [b"last"]

    asyncio.run(main())


def test_ends_that_are_gone(channel):
    async def main():
        receiver = ipmpsc.Receiver(channel)
        sender = ipmpsc.Sender(channel)
        receiver.detach()
        sender.detach()
        with pytest.raises(ipmpsc.FailedPreconditionError, match="detached"):
            await receiver.receive_async()
        with pytest.raises(ipmpsc.FailedPreconditionError, match="detached"):
            await sender.send_async(b"x")

    asyncio.run(main())


def test_damaged_channel(channel):
    async def main():
        receiver = ipmpsc.Receiver(channel)
        os.pwrite(channel.fileno(), (1 << 40).to_bytes(8, "little"), 4096 + 128)
        with pytest.raises(ipmpsc.DataLossError):
            await asyncio.wait_for(receiver.receive_async(), 60)

    asyncio.run(main())


def test_descriptor_follows_drain_arm_wait(channel):
    """The descriptors without asyncio."""
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    descriptor = receiver.fileno()
    assert receiver.fileno() == descriptor
    assert receiver.try_receive() is None and receiver.arm()
    assert not is_readable(descriptor)
    sender.send(b"x")
    assert select.select([receiver], [], [], 60)[0] == [receiver]
    assert not receiver.arm()
    receiver.receive(timeout=10).release()
    assert receiver.arm()
    space = sender.fileno(channel.max_payload)
    sender.send(b"y")
    assert sender.arm() and not is_readable(space)
    receiver.receive(timeout=10).release()
    assert select.select([space], [], [], 60)[0] == [space]
    with pytest.raises(ValueError):
        sender.fileno(1 << 30)


def test_interrupt_ends_the_loop(path):
    """Ctrl-C while all tasks wait."""
    ipmpsc.Channel.create(path)
    program = """
import asyncio, signal, sys, ipmpsc
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.alarm(60)
async def main():
    receiver = ipmpsc.Receiver(ipmpsc.Channel.open(sys.argv[1]))
    asyncio.get_running_loop().call_later(0.1, lambda: print("waiting", flush=True))
    await receiver.receive_async()
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    with python(program, path, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"waiting\n"
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == b"interrupted\n"
    assert child.returncode == 0
