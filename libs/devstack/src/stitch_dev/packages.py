"""Python packages, looked for before they are needed."""

from importlib.metadata import Distribution, PackageNotFoundError, distribution

from stitch_dev.errors import StackError


def installed(name: str) -> Distribution:
    """Give the installed package; raise StackError with what helps."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        raise StackError(
            f"The Python package {name} is missing: delete .venv and run `make setup`."
        ) from None
