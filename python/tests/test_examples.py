"""The programs of python/examples, without a screen, beside the programs in C++ that they read."""

import math
import os
import pathlib
import re
import subprocess
import sys
import time
import zlib

import numpy
import pytest

import ipmpsc
from ipmpsc import messages
from test_processes import program_of

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples"


def start(name, *arguments, **options):
    command = [sys.executable, EXAMPLES / name, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def finish(process, expect=0):
    output, errors = process.communicate(timeout=120)
    assert process.returncode == expect, errors.decode()
    return output.decode() + errors.decode()


def pictures(count, width, height):
    random = numpy.random.default_rng(7)
    return [random.integers(0, 256, (height, width, 3), numpy.uint8) for _ in range(count)]


def ppm(picture):
    return b"P6 %d %d 255\n" % (picture.shape[1], picture.shape[0]) + picture.tobytes()


def pixels_of_png(path):
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    at = 8
    pixels = b""
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        chunk = data[at + 4 : at + 8 + length]
        at += 12 + length
        assert zlib.crc32(chunk).to_bytes(4, "big") == data[at - 4 : at]
        if chunk[:4] == b"IDAT":
            pixels += chunk[4:]
    rows = numpy.frombuffer(zlib.decompress(pixels), numpy.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


@pytest.mark.parametrize("kind", ["ppm", "png"])
def test_viewer(path, tmp_path, kind):
    """//examples:camera sends pictures. The viewer writes the same ones."""
    camera = program_of("camera")
    sent = pictures(4, 320, 200)
    (tmp_path / "in.ppm").write_bytes(b"".join(map(ppm, sent)))
    viewer = start(
        "viewer.py", path, "--directory", tmp_path / "out", "--format", kind, "--every", 2
    )
    subprocess.run(
        [camera, f"--ppm={tmp_path}/in.ppm", "--live=false", path], check=True, stdout=subprocess.PIPE
    )
    assert finish(viewer).endswith("4 frames\n")
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == [f"camera0-000001.{kind}", f"camera0-000003.{kind}"]
    for file, picture in zip(files, (sent[0], sent[2])):
        if kind == "png":
            assert (pixels_of_png(file) == picture).all()
        else:
            assert file.read_bytes() == ppm(picture)


def test_plot(tmp_path):
    """The vehicles of //examples:telemetry."""
    telemetry = subprocess.Popen(
        [program_of("telemetry"), "--vehicles=2", "--samples=1000000", "--rate=500"],
        stdout=subprocess.PIPE,
        text=True,
    )
    path = re.match(r"channel (\S+),", telemetry.stdout.readline()).group(1)
    plot = start(
        *("plot.py", path, "temperatures.motor", "--by", "vehicle"),
        *("--interval", 0.2, "--width", 8, "--seconds", 4),
    )
    output = finish(plot)
    telemetry.terminate()
    telemetry.communicate()
    assert telemetry.returncode == 0
    # A vehicle's motor has 70 degrees and half of its speed, which is 15 to 25 metres a second.
    last = output.splitlines()[-4:]
    assert re.fullmatch(r"temperatures.motor, [78]\d\.\d\d to [78]\d\.\d\d", last[0]), output
    for number, line in enumerate(last[1:3]):
        assert re.fullmatch(rf" +{number} .*[▁▂▃▄▅▆▇█].* +[78]\d\.\d\d", line), output
    assert int(last[3].split()[0]) > 0


def test_faulty_input(path, channel):
    assert "not an" in finish(start("viewer.py", "/etc/passwd"), expect=1)
    assert "--every" in finish(start("viewer.py", "--every", 0), expect=2)
    assert "no schema" in finish(start("plot.py", path, "x"), expect=1)
    assert "no channel" in finish(start("plot.py", path + "-", "x", "--wait", 0.05), expect=1)


def plot_of(path, *arguments, expect=0, pause=0.01, ratios=(math.inf,)):
    """The output of the plot while frames with the ratios go by, and two damaged ones after each."""
    Frame = frame_class()
    channel = ipmpsc.Channel.create(path, description=messages.description(Frame))
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    sent = []
    for ratio in ratios:
        frame = Frame(number=3, width=7, name="x", many=[b"one"], ratio=ratio)
        sent += [frame.SerializeToString(), b"\xff no frame", b"\x22\x01\xff"]
    plot = start("plot.py", path, *arguments, "--interval", 0.05, "--seconds", 1.5)
    end = time.monotonic() + 60
    while plot.poll() is None and time.monotonic() < end:
        sender.send_batch(sent)
        receiver.receive_available()
        time.sleep(pause)
    assert plot.poll() is not None, "the plot does not end"
    return finish(plot, expect)


@pytest.mark.parametrize(
    "ratios, shown",
    [
        ((math.inf,), "0.00 to 0.00"),
        ((math.nan, 7.5, -math.inf), "7.50 to 7.50"),
        ((1.7e308, 1.7e308), "0.00 to 0.00"),  # Their sum is infinite.
    ],
)
def test_plot_of_numbers_that_are_not_finite(path, ratios, shown):
    output = plot_of(path, "ratio", ratios=ratios)
    assert f"\nratio, {shown}" in output and "Traceback" not in output, output


@pytest.mark.parametrize("protobuf", ["upb", "python"])
def test_plot_goes_on_after_damaged_messages(path, monkeypatch, protobuf):
    monkeypatch.setenv("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", protobuf)
    output = plot_of(path, "width")
    assert re.search(r"\d messages are no test\.Frame, the last one of slot 0", output), output
    assert re.search(r"width .*█.* 7\.00|width .*▁.* 7\.00", output), output
    assert "Traceback" not in output


def test_plot_ends_in_time_on_a_busy_channel(path):
    """The tap always finds a message."""
    assert re.search(r"\n\d+ messages$", plot_of(path, "width", pause=0).strip())


@pytest.mark.parametrize(
    "arguments", [("name",), ("many",), ("many.0",), ("width", "--by", "many")], ids=" ".join
)
def test_plot_of_what_is_no_number(path, arguments):
    output = plot_of(path, *arguments, expect=1)
    assert re.search(r"plot.py: '[a-z.0]+' is no (number|single value): name a", output), output
    assert "Traceback" not in output


def frame_class():
    """The class of a frame like that of //examples:camera, without its generated module."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="frame.proto", syntax="proto3", package="test")
    message = file.message_type.add(name="Frame")
    types = {"number": 4, "width": 13, "pixels": 12, "name": 9, "taken": 3, "ratio": 1, "f": 2}
    for number, (name, kind) in enumerate(types.items(), 1):
        message.field.add(name=name, number=number, type=kind, label=1)
    message.field.add(name="many", number=20, type=12, label=3)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("test.Frame"))


def test_parse_in_place(path):
    Frame = frame_class()
    channel = ipmpsc.Channel.create(path, description=messages.description(Frame))
    sender = ipmpsc.Sender(channel)
    receiver = ipmpsc.Receiver(channel)
    sent = Frame(
        number=1 << 63, width=7, pixels=b"\x08\x01" * 500, name="x", taken=-1, ratio=0.5, f=1.5
    )
    sent.many.append(b"one")
    sender.send(sent.SerializeToString())
    lease = receiver.receive(timeout=10)
    # By the channel's own schema.
    Received = messages.message_class(channel)
    received, pixels = messages.parse_in_place(Received, lease, "pixels")
    assert pixels == sent.pixels and received.pixels == b""
    sent.pixels = b""
    assert received.SerializeToString() == sent.SerializeToString()
    # The view is in the ring, and keeps the message.
    base = numpy.frombuffer(lease, numpy.uint8).ctypes.data
    at = numpy.frombuffer(pixels, numpy.uint8).ctypes.data
    assert base < at < base + len(lease)
    lease.release()
    assert channel.released_position == 0 and pixels.readonly
    del pixels
    assert channel.released_position > 0

    (whole,) = messages.parse_in_place(Frame, sent.SerializeToString())
    assert whole == sent
    # The last one counts, as in every parser. A field that is not set is empty.
    twice = Frame(pixels=b"1").SerializeToString() + Frame(pixels=b"22").SerializeToString()
    assert messages.parse_in_place(Frame, twice, "pixels")[1] == b"22"
    assert messages.parse_in_place(Frame, b"", "pixels")[1] == b""
    # Fields that the class does not know, in groups.
    group = b"\xf3\x01\x08\x01\x12\x02ab\x1b\x1c\xf4\x01"
    unknown, pixels = messages.parse_in_place(Frame, group + twice, "pixels")
    assert pixels == b"22"


@pytest.mark.parametrize(
    "data",
    [
        b"\x1a\x05abc",
        b"\x1a",
        b"\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01a",
        b"\x80" * 12,
        b"\x31abc",
        b"\x0b",
        b"\x0b\x14",
        b"\x0c",
        b"\x0e\x00",
    ],
)
def test_parse_in_place_of_garbage(data):
    with pytest.raises(ipmpsc.InvalidArgumentError, match="no test.Frame"):
        messages.parse_in_place(frame_class(), data, "pixels")


def test_parse_in_place_of_other_fields():
    for name in ("none", "width", "name", "many"):
        with pytest.raises(ipmpsc.InvalidArgumentError, match=name):
            messages.parse_in_place(frame_class(), b"", name)


def test_description_is_what_cpp_checks(path):
    """The receiver in C++ takes a channel that Python has created for its type."""
    environment = dict(os.environ)
    receive = subprocess.Popen(
        [program_of("receive"), path], stdout=subprocess.PIPE, env=environment
    )
    line = messages.message_class(ipmpsc.Channel.open(path, timeout=60))
    receive.terminate()
    receive.communicate()
    if os.path.exists(path):
        os.remove(path)
    channel = ipmpsc.Channel.create(path, description=messages.description(line))
    with subprocess.Popen([program_of("send"), path], stdin=subprocess.PIPE) as send:
        send.communicate(b"to a channel of Python\n")
    assert send.returncode == 0
    received = line.FromString(ipmpsc.Receiver(channel).receive_bytes(timeout=60))
    assert received.text == b"to a channel of Python"
