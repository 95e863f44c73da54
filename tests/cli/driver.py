"""Drives the program ipmpsc, for the tests of its verbs."""

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import jsonschema

# Bounds a hang and measures nothing.
PATIENCE = 60

_programs = {}


def main():
    """Runs the tests. The arguments of the test name its programs and files: NAME=PATH."""
    for argument in sys.argv[1:]:
        name, _, path = argument.partition("=")
        _programs[name] = os.path.abspath(path)
    # The scripts of shell completion call the command by its name.
    os.environ["PATH"] = os.path.dirname(_programs["ipmpsc"]) + ":" + os.environ["PATH"]
    unittest.main(argv=sys.argv[:1])


def program(name):
    return _programs[name]


class Ended:
    """How a program ended."""

    def __init__(self, status, out, err):
        self.status = status
        self.out = out
        self.err = err

    def __repr__(self):
        return "status %s\nstdout: %s\nstderr: %s" % (self.status, self.out, self.err)

    def lines(self):
        """The lines of standard output, each a JSON object."""
        return [json.loads(line) for line in self.out.splitlines()]


class CommandTest(unittest.TestCase):
    """A test with a folder of channels of its own, which is $IPMPSC_DIR."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(shutil.rmtree, self.folder)
        os.environ["IPMPSC_DIR"] = self.folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_program(self, arguments, text="", stdout=subprocess.PIPE):
        ended = subprocess.run(arguments, input=text.encode(), stdout=stdout,
                               stderr=subprocess.PIPE, timeout=PATIENCE)
        out = ended.stdout.decode() if ended.stdout is not None else ""
        return Ended(ended.returncode, out, ended.stderr.decode())

    def ipmpsc(self, *arguments, **how):
        return self.run_program([program("ipmpsc")] + list(arguments), **how)

    def works(self, *arguments, **how):
        """Runs the command, which must succeed. Returns its standard output."""
        ended = self.ipmpsc(*arguments, **how)
        self.assertEqual(ended.status, 0, ended)
        return ended.out

    def json_lines(self, verb, *arguments, **how):
        """Runs `verb --json`, whose lines must be as cli/output.schema.json says."""
        ended = self.ipmpsc(verb, "--json", *arguments, **how)
        self.assertEqual(ended.status, 0, ended)
        for line in ended.lines():
            self.assert_fits(line, verb)
        return ended.lines()

    def assert_fits(self, line, definition):
        with open(program("schema")) as file:
            schema = json.load(file)
        schema["$ref"] = "#/definitions/" + definition
        jsonschema.Draft7Validator(schema).validate(line)

    def create(self, name, mode="create", *options):
        ended = self.run_program([program("reading"), self.path(name), mode] + list(options))
        self.assertEqual(ended.status, 0, ended)

    def start(self, arguments):
        """Starts a program with pipes, which is killed when the test ends."""
        process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, bufsize=0)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()

    def start_receiver(self, name, mode="receive", *options):
        """Starts a program that creates the channel and receives from it."""
        process = self.start([program("reading"), self.path(name), mode] + list(options))
        self.assertEqual(self.read_line(process), "ready")
        return process

    def read_line(self, process):
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
        self.assertTrue(ready, "no line came")
        return process.stdout.readline().decode().rstrip("\n")

    def finish(self, process):
        """Waits for the end of a started program."""
        out, err = process.communicate(timeout=PATIENCE)
        return Ended(process.returncode, out.decode(), err.decode())

    def await_true(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, "the condition never held")
            time.sleep(0.01)

    def info(self, name):
        return self.json_lines("info", name)[0]

    def send(self, name, *messages):
        arguments = []
        for message in messages:
            arguments += ["--message", message]
        self.works("send", name, *arguments)


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, test, arguments):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(arguments[0], arguments)
        test.addCleanup(os.close, self.fd)
        self.test = test

    def type(self, text):
        os.write(self.fd, text.encode())

    def read_until(self, text):
        """Reads until the program has printed `text`, or has ended. Returns all that it printed."""
        deadline = time.monotonic() + PATIENCE
        while text is None or text not in self.text:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            self.test.assertTrue(ready, "no more output behind: " + self.text)
            try:
                self.text += os.read(self.fd, 65536).decode()
            except OSError:  # It has ended.
                if text is None:
                    break
                self.test.fail("the program ended behind: " + self.text)
        return self.text

    def wait(self):
        self.read_until(None)
        _, status = os.waitpid(self.pid, 0)
        return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
