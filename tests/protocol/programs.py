"""Where the official programs of this folder come from, and when their tests may be left out."""

import os

import pytest

from tests import node


def needs_npm(*packages: str) -> None:
    """Install npm packages; skip the test where there is neither a copy nor a way to get one.

    With CI set in the environment that is a failure: there the suites have to run.
    """
    try:
        node.install(node.FOLDER / "protocol", packages)
    except node.NodeMissing as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
