"""Shows progress bars of long commands on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


def progress_bar(*, shown: bool = True) -> Progress:
    """Make a bar with counts, the time passed and the time that remains, for use in a ``with`` statement."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    return Progress(
        *columns,
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, markup=False),
        disable=not shown,
    )


@contextmanager
def passing_bar(description: str, total: float | None) -> Iterator[Callable[[float], None]]:
    """Show a bar that is removed when the work is done, and only where standard error is a terminal.

    Args:
        description: The words for what is being done.
        total: The amount of work, in any unit; None if that is not known.

    Yields:
        The function that sets how much of it is done.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done: bar.update(task, completed=done)
