"""Shows or writes the frames of //examples:camera. The pixels stay in the ring.

    python python/examples/viewer.py --directory /tmp/frames      # in one terminal
    ./bazelw run //examples:camera                                # in another

Needs numpy and protobuf, and matplotlib for --show. Ends at Ctrl-C, or when all cameras have gone.
"""

import argparse
import os
import struct
import sys
import time
import zlib

import numpy

import ipmpsc
from ipmpsc import messages


def default_path():
    return os.path.join(os.environ.get("IPMPSC_DIR") or "/dev/shm", "examples.camera")


def write_ppm(path, image):
    with open(path, "wb") as file:
        file.write(b"P6 %d %d 255\n" % (image.shape[1], image.shape[0]))
        file.write(image)  # Straight from the ring.


def write_png(path, image):
    """Writes a PNG file. Its rows begin with a byte for their filter, so this copies the pixels."""
    height, width, _ = image.shape
    rows = numpy.zeros((height, 1 + 3 * width), numpy.uint8)
    rows[:, 1:] = image.reshape(height, -1)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 1)),
        (b"IEND", b""),
    )
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for kind, data in chunks:
            file.write(struct.pack(">I", len(data)) + kind + data)
            file.write(struct.pack(">I", zlib.crc32(kind + data)))


WRITERS = {"png": write_png, "ppm": write_ppm}


class Window:
    """A window of matplotlib."""

    def __init__(self):
        try:
            from matplotlib import pyplot
        except ImportError:
            sys.exit("--show needs matplotlib: pip install matplotlib")
        self.pyplot = pyplot
        self.picture = None

    def show(self, image):
        if self.picture is None or self.picture.get_array().shape != image.shape:
            self.pyplot.clf()
            self.pyplot.axis("off")
            self.picture = self.pyplot.imshow(image.copy())
        else:
            self.picture.set_data(image.copy())
        self.pyplot.pause(0.001)


def image_of(lease, frame_class):
    """Returns the frame, and its pixels as an array of rows, columns and colours in the ring."""
    frame, pixels = messages.parse_in_place(frame_class, lease, "pixels")
    # The sender may be faulty.
    if frame.width < 1 or frame.height < 1 or len(pixels) != frame.width * frame.height * 3:
        raise ipmpsc.InvalidArgumentError(f"frame {frame.number} is incomplete")
    return frame, numpy.frombuffer(pixels, numpy.uint8).reshape(frame.height, frame.width, 3)


def view(channel, arguments):
    """Receives until --frames have come, or all cameras have gone. Returns the number of frames."""
    frame_class = messages.message_class(channel)
    window = Window() if arguments.show else None
    written = "nothing written"
    count = 0
    next_line = time.monotonic() + 1
    with ipmpsc.Receiver(channel, name="viewer.py", end_without_senders=True) as receiver:
        for lease in receiver:
            with lease:
                late = time.monotonic_ns()
                try:
                    frame, image = image_of(lease, frame_class)
                except ipmpsc.InvalidArgumentError as error:
                    # Continues after one sender's mistake, for the sake of the others.
                    print(error, file=sys.stderr)
                    continue
                if window is not None:
                    window.show(image)
                if arguments.directory and count % arguments.every == 0:
                    name = f"camera{lease.sender}-{frame.number:06}.{arguments.format}"
                    written = os.path.join(arguments.directory, name)
                    WRITERS[arguments.format](written, image)
                size = f"{frame.width}x{frame.height}"
                latency = (late - frame.taken) / 1e6
                del image  # A view would keep the frame in the ring.
            count += 1
            if time.monotonic() >= next_line or count == arguments.frames:
                line = f"{count} frames, {size}, {latency:.3f} ms after it was taken, {written}"
                print(line, flush=True)
                next_line = time.monotonic() + 1
            if count == arguments.frames:
                break
    return count


def main():
    parser = argparse.ArgumentParser(description="Shows or writes the frames of //examples:camera.")
    parser.add_argument("path", nargs="?", default=default_path(), help="the channel")
    parser.add_argument("--directory", help="the directory for files, created if missing")
    parser.add_argument("--format", choices=sorted(WRITERS), default="png")
    parser.add_argument("--every", type=int, default=25, help="writes one of so many frames")
    parser.add_argument("--frames", type=int, default=0, help="ends after so many frames")
    parser.add_argument("--show", action="store_true", help="shows the frames in a window")
    parser.add_argument("--wait", type=float, default=60, help="seconds to wait for a camera")
    arguments = parser.parse_args()
    if arguments.every < 1 or arguments.frames < 0:
        parser.error("--every must be 1 or more, and --frames 0 or more")
    try:
        if arguments.directory:
            os.makedirs(arguments.directory, exist_ok=True)
        with ipmpsc.Channel.open(arguments.path, timeout=arguments.wait) as channel:
            print(f"{view(channel, arguments)} frames")
    except KeyboardInterrupt:
        pass
    except (ipmpsc.Error, OSError) as error:
        sys.exit(f"viewer.py: {error}")


if __name__ == "__main__":
    main()
