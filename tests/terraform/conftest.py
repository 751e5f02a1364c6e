"""Each example deployed once, to an imaginary Google of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.terraform.imaginary import Deployed, Google, google


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Callable[[str], Deployed]:
    """What stands after ``terraform apply -var-file=examples/NAME.tfvars``."""
    stack, found = ExitStack(), dict[str, Deployed]()
    request.addfinalizer(stack.close)  # noqa: PT021 - the applied ones are only known later

    def applied(name: str) -> Deployed:
        if name not in found:
            found[name] = stack.enter_context(google(tmp_path_factory.mktemp(name))).apply(example=name)
        return found[name]

    return applied


@pytest.fixture
def imaginary(tmp_path: Path) -> Iterator[Google]:
    """An empty Google."""
    with google(tmp_path) as made:
        yield made
