"""The peer of matrix.sh in Python."""

import os
import sys
import time

import ipmpsc

PATIENCE = 60


def receive(path):
    channel = ipmpsc.Channel.create(path, capacity=65536, max_senders=4)
    receiver = ipmpsc.Receiver(channel)
    message = b""
    while message != b"end":
        with receiver.receive(PATIENCE) as lease:
            message = bytes(lease)
        sys.stdout.buffer.write(message + b"\n")
    sys.stdout.buffer.flush()


def send(path, name, count, last):
    sender = ipmpsc.Sender(ipmpsc.Channel.open(path, timeout=PATIENCE))
    number = 0
    while count == 0 or number < count:
        letters = chr(ord("a") + number % 26) * (number * 37 % 1500)
        sender.send(f"{name} {number} {letters}".encode(), timeout=PATIENCE)
        # At once, so that the number is there when this process is killed.
        os.write(1, b"%d\n" % number)
        number += 1
    if last == "finish":
        sender.send(b"end", timeout=PATIENCE)
    if last == "hold":
        loan = sender.claim(100, timeout=PATIENCE)
        memoryview(loan)[:50] = b"!" * 50
        os.write(1, b"held\n")
        time.sleep(60)
        sys.exit(1)  # Nobody has killed it.


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "receive":
        receive(arguments[1])
    elif len(arguments) in (4, 5) and arguments[0] == "send":
        send(arguments[1], arguments[2], int(arguments[3]), (arguments[4:] or [""])[0])
    else:
        sys.exit("usage: matrix.sh says how to call a peer")


main(sys.argv[1:])
