"""Prints what messages cost from Python, in this process: the best of 200 rounds.

    python python/benchmark.py
"""

import time

import numpy

import ipmpsc

MESSAGES = 1000


def best(function, prepare=lambda: None, rounds=200):
    least = float("inf")
    for _ in range(rounds):
        prepare()
        begin = time.perf_counter()
        function()
        least = min(least, time.perf_counter() - begin)
    return least


def main():
    channel = ipmpsc.Channel.create_temp(capacity=1 << 22, prefault=True)
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    message = b"x" * 64

    def send():
        for _ in range(MESSAGES):
            sender.send(message)

    def receive_bytes():
        for _ in range(MESSAGES):
            receiver.receive_bytes()

    def receive_leases():
        for _ in range(MESSAGES):
            receiver.receive()

    def receive_available():
        left = MESSAGES
        while left > 0:
            left -= len(receiver.receive_available())

    def drop():
        while receiver.receive_available():
            pass

    for name, seconds in (
        ("send", best(send, drop)),
        ("receive_bytes", best(receive_bytes, lambda: (drop(), send()))),
        ("receive, a lease", best(receive_leases, lambda: (drop(), send()))),
        ("receive_available", best(receive_available, lambda: (drop(), send()))),
    ):
        print(f"64 bytes, {name}: {seconds / MESSAGES * 1e6:.3f} us a message")

    frame = numpy.ones((2160, 1920, 3), numpy.uint8)
    channel = ipmpsc.Channel.create_temp(capacity=1 << 24, prefault=True)
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)

    def receive_frame():
        receiver.receive().numpy(numpy.uint8, frame.shape)

    seconds = best(receive_frame, lambda: sender.send(frame))
    print(f"{frame.nbytes} bytes, into a numpy array: {seconds * 1e6:.1f} us")
    print(f"{frame.nbytes} bytes, copied: {best(frame.copy) * 1e6:.0f} us")


if __name__ == "__main__":
    main()
