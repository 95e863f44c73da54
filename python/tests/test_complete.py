"""Each public function of the C++ ends is there in Python, or has a reason not to be."""

import pathlib
import re

import pytest

import ipmpsc

TREE = pathlib.Path(__file__).parents[2] / "ipmpsc"

# By header and class: the names that Python calls otherwise.
RENAMED = {
    ("channel.h", "Channel"): {"Create": "create", "fd": "fileno"},
    ("receiver.h", "Receiver"): {"Attach": "__init__", "Fd": "fileno", "Drain": "receive_available"},
    ("receiver.h", "Lease"): {"payload": "bytes"},
    ("sender.h", "Sender"): {"Attach": "__init__", "Fd": "fileno"},
    ("sender.h", "Loan"): {"payload": "numpy"},
    ("tap.h", "Tap"): {"Over": "__init__"},
    ("post_mortem.h", "PostMortem"): {"Open": "__init__"},
    ("wait_set.h", "WaitSet"): {"Create": "__init__", "fd": "fileno", "Add": "add_receiver",
                                "RemoveFd": "remove"},
}
# A view of a batch would outlive the call that may write it: `send_batch` copies once.
LEFT_OUT = {
    ("sender.h", "Sender"): {"TryWriteBatch", "WriteBatch"},
}
FUNCTION = re.compile(r"^  (?:static |virtual )?[\w:<>,& ]+[ &*](\w+)\((?!.*= delete)", re.MULTILINE)


def public_functions(header, name):
    text = (TREE / header).read_text()
    body = text[re.search(rf"^class (?:\w+ )?{name} {{$", text, re.MULTILINE).end():]
    body = body[: re.search(r"^ private:$|^};$", body, re.MULTILINE).start()]
    body = "\n".join(line for line in body.splitlines() if not line.strip().startswith("//"))
    body = re.sub(r"{\n.*?^  }$", ";", body, flags=re.MULTILINE | re.DOTALL)
    return {found for found in FUNCTION.findall(body)} - {name, "operator", "explicit"}


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize("header, name", RENAMED)
def test_functions(header, name):
    functions = public_functions(header, name)
    assert len(functions) >= 3, functions
    renamed = RENAMED[header, name]
    left_out = LEFT_OUT.get((header, name), set())
    assert set(renamed) <= functions and left_out <= functions
    for function in functions - left_out:
        there = renamed.get(function, snake(function))
        assert hasattr(getattr(ipmpsc, name), there), f"{name}.{there}"
    for function in left_out:
        assert not hasattr(getattr(ipmpsc, name), snake(function))


STRUCTS = [
    ("stats.h", "ChannelStats"),
    ("stats.h", "OldestRecord"),
    ("stats.h", "OpenClaim"),
    ("stats.h", "ReceiverStats"),
    ("stats.h", "SenderStats"),
    ("stats.h", "TurnStats"),
    ("tap.h", "TapLoss"),
    ("tap.h", "TapMessage"),
    ("post_mortem.h", "Orphan"),
    ("post_mortem.h", "PostMortemMessage"),
    ("receiver.h", "Skipped"),
    ("wait_options.h", "WaitSetStatistics"),
]
FIELD = re.compile(r"^  (?!return)[\w:<>]+(?: [\w:<>]+)* (\w+)(?: = [^;]+)?;", re.MULTILINE)


@pytest.mark.parametrize("header, name", STRUCTS)
def test_fields(header, name):
    text = (TREE / header).read_text()
    body = text[re.search(rf"^struct {name}\b[^;]*{{$", text, re.MULTILINE).end():]
    fields = FIELD.findall(body[: re.search(r"^};$", body, re.MULTILINE).start()])
    assert fields
    for field in fields:
        field = {"sent_at_nanoseconds": "sent_at"}.get(field, field)
        assert hasattr(getattr(ipmpsc, name), field), f"{name}.{field}"


OPTIONS = {
    "ChannelOptions": (ipmpsc.Channel.create, {"exist_policy": "exist"}),
    "OpenOptions": (ipmpsc.Channel.open, {"deadline": "timeout"}),
    "SenderOptions": (ipmpsc.Sender.__init__, {"deadline": "timeout"}),
    "ReceiverOptions": (ipmpsc.Receiver.__init__, {"deadline": "timeout"}),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options(name):
    function, renamed = OPTIONS[name]
    text = (TREE / "options.h").read_text()
    body = text[re.search(rf"^struct {name} {{$", text, re.MULTILINE).end():]
    fields = FIELD.findall(body[: re.search(r"^};$", body, re.MULTILINE).start()])
    assert len(fields) >= 2
    for field in fields:
        assert f"{renamed.get(field, field)}:" in function.__doc__, f"{name}.{field}"
