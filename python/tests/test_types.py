"""The type hints name what the module has, and nothing else."""

import ast
import importlib.resources

import ipmpsc
from ipmpsc import _core, _errors

HIDDEN = {"__buffer__"}  # An attribute from Python 3.12 on only.


def hinted():
    text = importlib.resources.files("ipmpsc").joinpath("_core.pyi").read_text()
    classes = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}

    def members(name):
        found = {item.name for item in classes[name].body if isinstance(item, ast.FunctionDef)}
        for base in classes[name].bases:
            found |= members(base.id)
        return found

    return {name: members(name) - HIDDEN for name in classes if not name.startswith("_")}


def test_hints_are_complete():
    names = {name for name, value in vars(_core).items() if isinstance(value, type)}
    assert names == set(hinted())
    for name, members in hinted().items():
        own = {
            member
            for member in vars(getattr(_core, name))
            if not member.startswith("__") or member in members
        }
        assert own == members, name


def test_everything_is_exported():
    for name in hinted():
        assert getattr(ipmpsc, name) is getattr(_core, name)
    for code, error in _errors.BY_CODE.items():
        assert getattr(ipmpsc, error.__name__) is error
        assert error.__name__ == "".join(
            word.capitalize() for word in error.code.split("_")
        ) + "Error"
        assert issubclass(error, ipmpsc.Error)
    assert set(_errors.BY_CODE) == set(range(1, 16))
    assert ipmpsc.__version__.count(".") == 2
