"""The type hints name what the module has, and nothing else."""

import ast
import importlib.resources
import re
import subprocess
import sys
import types

import pytest

import ipmpsc
from ipmpsc import _core, _errors

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
HIDDEN = {"__buffer__"}  # An attribute from Python 3.12 on only.
# The parts that stubtest cannot see in nanobind's classes: their metaclass, static functions, inherited
# constructors. Names of types in the stub alone.
ALLOWED = r"""
ipmpsc\._core\.[A-Z]\w+
ipmpsc\._core\.\w+\.(__init__|__buffer__)
ipmpsc\._core\.Channel\.(create\w*|open\w*|receive_fd)
ipmpsc\._core\.Tap\.open
"""


def functions():
    """The functions of each public class in the stub, by name."""
    text = importlib.resources.files("ipmpsc").joinpath("_core.pyi").read_text()
    classes = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}

    def members(name):
        found = {item.name: item for item in classes[name].body if isinstance(item, FUNCTIONS)}
        for base in classes[name].bases:
            found.update(members(base.id))
        return found

    return {name: members(name) for name in classes if not name.startswith("_")}


def hinted():
    return {name: set(members) - HIDDEN for name, members in functions().items()}


def test_hints_are_complete():
    names = {name for name, value in vars(_core).items() if isinstance(value, type)}
    assert names == set(hinted())
    for name, members in hinted().items():
        own = {
            member
            for member in vars(getattr(_core, name))
            if not member.startswith("_") or member in members
        }
        # Those of a base are its own.
        assert own <= members, name
        assert all(hasattr(getattr(_core, name), member) for member in members), name


def parameters(function):
    """The names and kinds of the parameters, and which of them have defaults."""
    arguments = function.args
    required = len(arguments.args) - len(arguments.defaults)
    return (
        [(one.arg, i >= required) for i, one in enumerate(arguments.args)],
        {
            (one.arg, default is not None)
            for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults)
        },
    )


def test_hints_have_the_parameters_of_the_module():
    """Of the functions in C++, whose signatures stubtest does not see."""
    compared = 0
    for name, members in functions().items():
        for function in members.values():
            member = getattr(getattr(_core, name), function.name, None)
            # The first has any parameters, and the second comes with Python 3.12.
            if function.name in ("__exit__", "__buffer__"):
                continue
            if isinstance(member, (property, types.FunctionType)):
                continue
            ((signature, _, _),) = member.__nb_signature__
            # Defaults are numbers of a tuple: `\0`.
            (bound,) = ast.parse(re.sub(r"\\\d+", "...", signature) + ": ...").body
            assert parameters(function) == parameters(bound), f"{name}.{function.name}"
            compared += 1
    assert compared >= 70


def mypy(*arguments):
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout


def test_stubs_agree_with_the_module(tmp_path):
    """Each name, in both directions, and the parameters of functions in Python.

    Only this module has a stub. In the others mypy 1.19, the last one for Python 3.9, checks each
    name again that they import, and so finds what ALLOWED excuses in this one.
    """
    pytest.importorskip("mypy")
    allowed = tmp_path / "allowed"
    allowed.write_text(ALLOWED)
    mypy("mypy.stubtest", "ipmpsc._core", "--allowlist", str(allowed), "--ignore-unused-allowlist")


PROGRAM = '''
import asyncio
import ipmpsc
from typing import Optional

async def main(receiver: ipmpsc.Receiver, sender: ipmpsc.Sender) -> None:
    async for lease in receiver:
        with lease:
            await sender.send_async(lease)
    loan: ipmpsc.Loan = await sender.claim_async(5)
    data: bytes = await receiver.receive_bytes_async()

waits = ipmpsc.WaitSet()
for ready in waits.wait(timeout=1.5):
    print(ready.member, ready.data, ready.events + 1)
channel = ipmpsc.Channel.create("/dev/shm/x", on_full="drop_newest")
found: Optional[ipmpsc.Lease] = ipmpsc.Receiver(channel, start="now").try_receive()
for message in ipmpsc.PostMortem("/dev/shm/x"):
    print(message.payload.decode(), message.released)
asyncio.run(main(ipmpsc.Receiver(channel), ipmpsc.Sender(channel, timeout=1)))
'''


def test_typed_program(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "program.py").write_text(PROGRAM)
    mypy("mypy", "--strict", f"--cache-dir={tmp_path}/cache", str(tmp_path / "program.py"))
    (tmp_path / "wrong.py").write_text(PROGRAM + 'channel.capacity = "7"\n')
    with pytest.raises(AssertionError, match=r"wrong.py:\d+: error: .*capacity"):
        mypy("mypy", "--strict", f"--cache-dir={tmp_path}/cache", str(tmp_path / "wrong.py"))


def test_everything_is_exported():
    for name in hinted():
        assert name in ipmpsc.__all__ and getattr(ipmpsc, name) is getattr(_core, name)
    for code, error in _errors.BY_CODE.items():
        assert error.__name__ in ipmpsc.__all__ and getattr(ipmpsc, error.__name__) is error
        assert error.__name__ == "".join(
            word.capitalize() for word in error.code.split("_")
        ) + "Error"
        assert issubclass(error, ipmpsc.Error)
    assert set(_errors.BY_CODE) == set(range(1, 16))
    assert ipmpsc.__version__.count(".") == 2
