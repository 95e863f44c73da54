"""Draws the panels of the dashboard for Grafana with real data: `draw_dashboard.py IPMPSC PLAY DASHBOARD SVG`.

Programs use two channels for 100 seconds. Prometheus asks `ipmpsc metrics` each second, and answers
the queries of the panels. Needs the group `metrics` of third_party/debian/packages.txt.
"""

import html
import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

RATE_INTERVAL = "4s"  # Grafana takes four times the interval of the scrapes.
PANEL_WIDTH, PANEL_HEIGHT, LINE = 600, 236, 16
COLORS = ["#1a7f37", "#9a6700", "#0969da", "#cf222e", "#8250df", "#bc4c00", "#57606a"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Machine:
    """The programs: all end with it."""

    def __init__(self, ipmpsc, play):
        self.ipmpsc = ipmpsc
        self.play = play
        self.processes = []
        self.folder = tempfile.TemporaryDirectory()
        self.begin = time.time()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()
        self.folder.cleanup()

    def start(self, *command):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def act(self, channel, *act):
        return self.start(self.play, os.path.join(self.folder.name, channel), *act)

    def until(self, second):
        time.sleep(max(0, self.begin + second - time.time()))


def wait_for(address):
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=5).read()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("draw_dashboard.py: nothing answers at " + address)


def use_channels(machine):
    """Makes the events that the picture shows."""
    for channel in ["frames", "quotes"]:
        machine.act(channel, "create", "65536").wait()
    machine.act("frames", "receive")
    receiver = machine.act("quotes", "receive")
    machine.act("frames", "trickle")
    machine.act("quotes", "trickle")
    short = machine.act("quotes", "trickle")
    machine.until(20)
    receiver.send_signal(signal.SIGSTOP)  # The ring fills, and its senders wait.
    machine.until(32)
    for _ in range(20):
        machine.act("quotes", "send").wait()  # Finds no space.
    machine.until(45)
    receiver.send_signal(signal.SIGCONT)
    machine.until(60)
    claim = machine.act("frames", "claim")  # All messages behind it wait.
    machine.until(72)
    claim.kill()
    machine.until(85)
    short.kill()
    machine.until(100)


def queries(panel):
    for target in panel["targets"]:
        text = target["expr"].replace("$__rate_interval", RATE_INTERVAL).replace("$channel", ".*")
        yield text, target.get("legendFormat", "")


def ask(prometheus, query, begin, end):
    arguments = urllib.parse.urlencode({"query": query, "start": begin, "end": end, "step": 1})
    with urllib.request.urlopen("%s/api/v1/query_range?%s" % (prometheus, arguments), timeout=30) as answer:
        return json.load(answer)["data"]["result"]


def series_of(prometheus, panel, begin, end):
    """Returns the lines of a panel: name, and points of seconds and values."""
    lines = []
    for query, legend in queries(panel):
        for one in ask(prometheus, query, begin, end):
            name = legend
            for label, value in one["metric"].items():
                name = name.replace("{{%s}}" % label, os.path.basename(value) if label == "channel" else value)
            lines.append((name, [(float(at) - begin, float(value)) for at, value in one["values"]]))
    return sorted(lines)


def amount(value, unit):
    if unit == "percentunit":
        return "%g %%" % round(100 * value, 1)
    if unit == "Bps":
        return "%g kB/s" % round(value / 1000, 2)
    return "%g%s" % (round(value, 2), {"cps": " /s", "s": " s"}.get(unit, ""))


def round_up(value):
    """Returns the end of an axis: the next of 1, 2, 4, 6, 8, 10, 20 and so on."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1
    return next(power * one for one in [1, 2, 4, 6, 8, 10] if power * one >= value * 0.999)


def draw_panel(panel, lines, x, y, seconds):
    unit = panel["fieldConfig"]["defaults"].get("unit")
    left, right, top, bottom = 70, 28, 34, 30 + LINE * ((len(lines) + 2) // 3)
    width, height = PANEL_WIDTH - left - right, PANEL_HEIGHT - top - bottom
    most = max([value for _, points in lines for _, value in points] + [0])
    most = panel["fieldConfig"]["defaults"].get("max") or round_up(most)
    out = ['<g transform="translate(%d %d)">' % (x, y),
           '<rect x="4" y="4" width="%d" height="%d" rx="4" fill="#ffffff" stroke="#d0d7de"/>' %
           (PANEL_WIDTH - 8, PANEL_HEIGHT - 8),
           '<text x="16" y="24" font-weight="bold">%s</text>' % html.escape(panel["title"])]
    for part in range(3):
        at = top + height - height * part / 2
        out.append('<path d="M%d %.1f h%d" stroke="#eaeef2"/>' % (left, at, width))
        out.append('<text x="%d" y="%.1f" text-anchor="end">%s</text>' % (left - 6, at + 4, amount(most * part / 2, unit)))
    for second in range(0, seconds + 1, 20):
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%d s</text>' %
                   (left + width * second / seconds, top + height + 15, second))
    for number, (name, points) in enumerate(lines):
        color = COLORS[number % len(COLORS)]
        path = []
        before = None
        for at, value in points:
            # A line ends where Prometheus has no values.
            path.append("%s%.1f %.1f" % ("M" if before is None or at - before > 1.5 else "L", left + width * at / seconds,
                                         top + height - height * value / most))
            before = at
        out.append('<path d="%s" fill="none" stroke="%s" stroke-width="1.5"/>' % (" ".join(path), color))
        at_x = left + (number % 3) * width / 3
        at_y = top + height + 32 + LINE * (number // 3)
        out.append('<rect x="%.1f" y="%.1f" width="10" height="3" fill="%s"/>' % (at_x, at_y - 5, color))
        out.append('<text x="%.1f" y="%.1f">%s</text>' % (at_x + 14, at_y, html.escape(name)))
    if not lines:
        out.append('<text x="%d" y="%d">no data</text>' % (left + 10, top + height // 2))
    return "\n".join(out + ["</g>"])


def main():
    if len(sys.argv) != 5:
        sys.exit("usage: draw_dashboard.py IPMPSC PLAY DASHBOARD SVG")
    if shutil.which("prometheus") is None:
        sys.exit("draw_dashboard.py: no prometheus: install the package, or set IPMPSC_PACKAGES=metrics for bazelw")
    ipmpsc, play, dashboard, svg = sys.argv[1:]
    with open(dashboard, encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    with Machine(ipmpsc, play) as machine:
        exporter, port = free_port(), free_port()
        folder = machine.folder.name
        with open(folder + "/prometheus.yml", "w", encoding="utf-8") as file:
            json.dump({"global": {"scrape_interval": "1s"}, "scrape_configs": [
                {"job_name": "ipmpsc", "static_configs": [{"targets": ["127.0.0.1:%d" % exporter]}]}]}, file)
        machine.start(ipmpsc, "metrics", "--listen", "127.0.0.1:%d" % exporter, folder)
        machine.start("prometheus", "--config.file=%s/prometheus.yml" % folder, "--storage.tsdb.path=%s/data" % folder,
                      "--web.listen-address=127.0.0.1:%d" % port)
        prometheus = "http://127.0.0.1:%d" % port
        wait_for(prometheus + "/-/ready")
        wait_for("http://127.0.0.1:%d/metrics" % exporter)
        machine.begin = time.time()
        use_channels(machine)
        seconds = int(time.time() - machine.begin)
        lines = [series_of(prometheus, panel, machine.begin, machine.begin + seconds) for panel in panels]
    empty = [panel["title"] for panel, found in zip(panels, lines) if not found]
    if empty:
        sys.exit("draw_dashboard.py: no data for: " + ", ".join(empty))
    rows = (len(panels) + 1) // 2
    with open(svg, "w", encoding="utf-8") as file:
        file.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" '
                   'font-size="12" fill="#1f2328">\n<title>The panels of dashboard.json</title>\n'
                   '<rect width="100%%" height="100%%" fill="#f6f8fa"/>\n' % (2 * PANEL_WIDTH, rows * PANEL_HEIGHT))
        for number, (panel, found) in enumerate(zip(panels, lines)):
            file.write(draw_panel(panel, found, number % 2 * PANEL_WIDTH, number // 2 * PANEL_HEIGHT, seconds) + "\n")
        file.write("</svg>\n")


if __name__ == "__main__":
    main()
