import os
import uuid

import pytest

import ipmpsc


@pytest.fixture
def path():
    """A path of a channel in /dev/shm, removed after the test."""
    name = f"/dev/shm/ipmpsc-python-test-{os.getpid()}-{uuid.uuid4().hex}"
    yield name
    if os.path.exists(name):
        os.remove(name)


@pytest.fixture
def channel(path):
    """A channel of one page."""
    return ipmpsc.Channel.create(path, capacity=4096, max_senders=2)
