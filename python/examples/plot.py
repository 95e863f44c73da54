"""Plots a number in the messages of a channel while they go by. Takes no part in the channel.

    ./bazelw run //examples:telemetry          # prints the path of its channel
    python python/examples/plot.py PATH temperatures.motor --by vehicle

The field is a path of names: those of fields, keys of maps, and indexes of repeated fields. There
is a line for each value of --by. The plot is drawn in the terminal, or with --window by matplotlib.
Needs protobuf.
"""

import argparse
import asyncio
import sys
import time

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
        mean = self.sum / self.count if self.count else None
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

    def draw(self, plots, lost):
        points = [p for series in plots.values() for p in series.points if p is not None]
        low, high = (min(points), max(points)) if points else (0, 0)
        head = f"{self.title}, {low:.2f} to {high:.2f}"
        lines = [f"{head}, {lost} bytes lost" if lost else head]
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

    def draw(self, plots, lost):
        self.pyplot.cla()
        for key in sorted(plots, key=str):
            self.pyplot.plot([p for p in plots[key].points if p is not None], label=str(key))
        self.pyplot.title(f"{self.title}, {lost} bytes lost" if lost else self.title)
        self.pyplot.legend(loc="upper left")
        self.pyplot.pause(0.001)


async def read(tap, message_class, arguments, plots):
    """Adds the messages until the channel ends."""
    async for tapped in tap:
        message = message_class.FromString(tapped.payload)
        value = value_at(message, arguments.field)
        if value is None:
            continue
        key = value_at(message, arguments.by) if arguments.by else arguments.field
        if key not in plots:
            plots[key] = Series(arguments.width)
        plots[key].add(float(value))


async def plot(arguments):
    channel = ipmpsc.Channel.open_read_only(arguments.path, timeout=arguments.wait)
    message_class = messages.message_class(channel)
    tap = ipmpsc.Tap(channel)
    plots = {}
    screen = (Window if arguments.window else Terminal)(arguments.field)
    reading = asyncio.create_task(read(tap, message_class, arguments, plots))
    end = time.monotonic() + arguments.seconds if arguments.seconds else float("inf")
    try:
        while not reading.done() and time.monotonic() < end:
            await asyncio.wait([reading], timeout=arguments.interval)
            for series in plots.values():
                series.end_interval()
            screen.draw(plots, tap.loss.bytes)
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
