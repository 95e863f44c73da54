"""Plots a number in the messages of a channel while they go by. Takes no part in the channel.

    ./bazelw run //examples:telemetry          # prints the path of its channel
    python python/examples/plot.py PATH temperatures.motor --by vehicle

The field is a path of names: those of fields, keys of maps, and indexes of repeated fields. There
is a line for each value of --by. The plot is drawn in the terminal, or with --window by matplotlib.
Needs protobuf.
"""

import argparse
import asyncio
import math
import sys
import time

from google.protobuf.message import DecodeError

import ipmpsc
from ipmpsc import messages

BARS = "▁▂▃▄▅▆▇█"


def value_at(message, path):
    """Returns what is at the path in the message, or None."""
    value = message
    for name in path.split("."):
        if hasattr(value, "DESCRIPTOR"):
            if name not in value.DESCRIPTOR.fields_by_name:
                raise ValueError(f"{value.DESCRIPTOR.full_name} has no field {name!r}")
            value = getattr(value, name)
        elif hasattr(value, "keys"):
            keys = {str(key): key for key in value}
            if name not in keys:
                return None
            value = value[keys[name]]
        elif isinstance(value, (str, bytes, int, float)):
            raise ValueError(f"nothing is inside of a number or a string: {path!r}")
        else:
            if not name.isdigit() or int(name) >= len(value):
                return None
            value = value[int(name)]
    return value


def number_at(message, path):
    """Returns the number at the path in the message, or None if there is none that is finite."""
    value = value_at(message, path)
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value) if math.isfinite(value) else None
    raise ValueError(f"{path!r} is no number: name a number, or a field, key or index inside of it")


def key_at(message, path):
    """Returns the single value at the path in the message, or None."""
    value = value_at(message, path)
    if value is None or isinstance(value, (str, bytes, int, float)):
        return value
    raise ValueError(f"{path!r} is no single value: name a field, key or index inside of it")


class Series:
    """The mean of each interval, the newest last."""

    def __init__(self, width):
        self.width = width
        self.points = []
        self.sum = 0.0
        self.count = 0
        self.total = 0

    def add(self, value):
        self.sum += value
        self.count += 1
        self.total += 1

    def end_interval(self):
        mean = self.sum / self.count if self.count and math.isfinite(self.sum) else None
        self.points = [*self.points, mean][-self.width :]
        self.sum, self.count = 0.0, 0


def line_of(key, series, low, high):
    scale = (len(BARS) - 1) / (high - low) if high > low else 0
    bars = "".join(
        " " if point is None else BARS[round((point - low) * scale)] for point in series.points
    )
    newest = next((point for point in reversed(series.points) if point is not None), None)
    shown = "-" if newest is None else f"{newest:.2f}"
    return f"{key!s:>8} {bars:{series.width}} {shown:>10}"


class Terminal:
    def __init__(self, title):
        self.title = title
        self.lines = 0

    def draw(self, plots, notes):
        points = [p for series in plots.values() for p in series.points if p is not None]
        low, high = (min(points), max(points)) if points else (0, 0)
        lines = [", ".join([self.title, f"{low:.2f} to {high:.2f}", *notes])]
        lines += [line_of(key, plots[key], low, high) for key in sorted(plots, key=str)]
        if sys.stdout.isatty():
            # Over the plot before.
            print(f"\x1b[{self.lines}A\x1b[J" if self.lines else "", end="")
        print("\n".join(lines), flush=True)
        self.lines = len(lines)


class Window:
    def __init__(self, title):
        try:
            from matplotlib import pyplot
        except ImportError:
            sys.exit("--window needs matplotlib: pip install matplotlib")
        self.pyplot = pyplot
        self.title = title

    def draw(self, plots, notes):
        self.pyplot.cla()
        for key in sorted(plots, key=str):
            self.pyplot.plot([p for p in plots[key].points if p is not None], label=str(key))
        self.pyplot.title(", ".join([self.title, *notes]))
        self.pyplot.legend(loc="upper left")
        self.pyplot.pause(0.001)


class Faults:
    """The messages that are not of the channel's type: a sender's mistakes."""

    def __init__(self, type_name):
        self.type_name = type_name
        self.count = 0
        self.sender = None

    def add(self, tapped):
        self.count += 1
        self.sender = tapped.sender

    def notes(self):
        if not self.count:
            return []
        faulty = f"{self.count} messages are no {self.type_name}"
        return [f"{faulty}, the last one of slot {self.sender}"]


async def read(tap, message_class, arguments, plots, faults):
    """Adds the messages until the channel ends."""
    async for tapped in tap:
        try:
            message = message_class.FromString(tapped.payload)
        except (DecodeError, UnicodeDecodeError):  # The latter where protobuf has no C extension.
            # Continues, for the sake of the other senders.
            faults.add(tapped)
            continue
        value = number_at(message, arguments.field)
        if value is None:
            continue
        key = key_at(message, arguments.by) if arguments.by else arguments.field
        if key not in plots:
            plots[key] = Series(arguments.width)
        plots[key].add(value)


async def plot(arguments):
    channel = ipmpsc.Channel.open_read_only(arguments.path, timeout=arguments.wait)
    message_class = messages.message_class(channel)
    tap = ipmpsc.Tap(channel)
    plots = {}
    faults = Faults(message_class.DESCRIPTOR.full_name)
    screen = (Window if arguments.window else Terminal)(arguments.field)
    reading = asyncio.create_task(read(tap, message_class, arguments, plots, faults))
    end = time.monotonic() + arguments.seconds if arguments.seconds else float("inf")
    try:
        while not reading.done() and time.monotonic() < end:
            await asyncio.wait([reading], timeout=arguments.interval)
            for series in plots.values():
                series.end_interval()
            lost = tap.loss.bytes
            screen.draw(plots, [*([f"{lost} bytes lost"] if lost else []), *faults.notes()])
        if reading.done():
            reading.result()
    finally:
        reading.cancel()
    return sum(series.total for series in plots.values())


def main():
    parser = argparse.ArgumentParser(description="Plots a number in the messages of a channel.")
    parser.add_argument("path", help="the channel")
    parser.add_argument("field", help="the path of the number: wheels.0.speed")
    parser.add_argument("--by", help="the path of the value that tells the lines apart")
    parser.add_argument("--interval", type=float, default=0.5, help="seconds for each point")
    parser.add_argument("--width", type=int, default=60, help="the number of points")
    parser.add_argument("--seconds", type=float, default=0, help="ends after so many seconds")
    parser.add_argument("--window", action="store_true", help="draws with matplotlib")
    parser.add_argument("--wait", type=float, default=60, help="seconds to wait for the channel")
    arguments = parser.parse_args()
    if arguments.interval <= 0 or arguments.width < 1:
        parser.error("--interval must be above 0, and --width 1 or more")
    try:
        print(f"{asyncio.run(plot(arguments))} messages")
    except KeyboardInterrupt:
        pass
    except (ipmpsc.Error, OSError, ValueError) as error:
        sys.exit(f"plot.py: {error}")


if __name__ == "__main__":
    main()
