"""Runs work in separate processes, here or on a Ray cluster, so that hanging or aborting costs one item only."""

import multiprocessing
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from standpartner.errors import ConfigError, MissingExtraError
from standpartner.support.children import GRACE_S, allow_time, become_child, cause_of_death, describe, kill_group

ENGINES: Final = ("local", "ray")
_INSTALL_RAY: Final = 'pip install "standpartner[cluster]"'


@dataclass(frozen=True)
class Outcome:
    """The outcome of one item.

    Attributes:
        index: The index of the item.
        value: The value that the work returned; None if it failed.
        failure: The reason why there is no value: too slow, killed, or an error; empty on success.
        seconds: The seconds that its process took.
    """

    index: int
    value: Any
    failure: str
    seconds: float


def run_apart(
    work: Callable[[Any], Any],
    items: Sequence[Any],
    *,
    jobs: int,
    time_limit_s: float,
    engine: str = "local",
    preload: Sequence[str] = (),
) -> Generator[Outcome, None, None]:
    """Run some work on every item, each in a fresh process with a time limit.

    Processes are forked from a server that has imported what they need, so one costs some milliseconds. Running
    processes are ended when the iterator is closed or the program interrupted.

    Args:
        work: The function, which can be imported (or a ``functools.partial`` of one).
        items: The items, one for each call; they are pickled on their way to the process.
        jobs: The number of processes side by side. An existing Ray cluster decides that itself.
        time_limit_s: The seconds for each item.
        engine: The engine, "local" or "ray". Ray joins the cluster that this machine is part of (or that
            ``$RAY_ADDRESS`` names), else starts ``jobs`` workers here. All machines must see the same folders.
        preload: The modules to import beforehand.

    Yields:
        The outcome of every item as it comes, in no particular order.

    Raises:
        ConfigError: There is no such engine.
        MissingExtraError: Ray is not installed.
    """
    if engine not in ENGINES:
        raise ConfigError(f"no engine {engine!r}; expected one of {', '.join(ENGINES)}")
    if engine == "ray":
        return _run_on_ray(work, items, jobs=jobs, time_limit_s=time_limit_s, preload=preload)
    return _run_here(work, items, jobs=jobs, time_limit_s=time_limit_s, preload=preload)


def _run_here(
    work: Callable[[Any], Any], items: Sequence[Any], *, jobs: int, time_limit_s: float, preload: Sequence[str]
) -> Generator[Outcome, None, None]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", *preload])
    running: dict[Connection, _Running] = {}
    waiting = iter(enumerate(items))
    try:
        while True:
            for index, item in islice(waiting, jobs - len(running)):
                here, there = context.Pipe(duplex=False)
                process = context.Process(target=_serve, args=(work, item, there, time_limit_s))
                process.start()
                there.close()
                running[here] = _Running(index, process, here, start=time.monotonic(), time_limit_s=time_limit_s)
            if not running:
                return
            soonest = min(child.deadline for child in running.values())
            ready = wait(list(running), timeout=max(0.0, soonest - time.monotonic()))
            done = [child for child in running.values() if child.pipe in ready or child.deadline <= time.monotonic()]
            for child in done:
                outcome = child.finish()
                del running[child.pipe]
                yield outcome
    finally:
        for child in running.values():
            child.stop()


@dataclass(frozen=True)
class _Running:
    """A process at work on one item."""

    index: int
    process: multiprocessing.process.BaseProcess
    pipe: Connection
    start: float
    time_limit_s: float

    @property
    def deadline(self) -> float:
        return self.start + self.time_limit_s

    def finish(self) -> Outcome:
        """Return the outcome; a process without one is ended."""
        value, failure = None, f"took longer than {self.time_limit_s:g} s"
        if self.pipe.poll():
            try:
                value, failure = self.pipe.recv()
                self.process.join(GRACE_S)
            except EOFError:  # the process died without a message
                self.process.join()
                failure = cause_of_death(self.process.exitcode or 0)
        self.stop()
        return Outcome(self.index, value, failure, round(time.monotonic() - self.start, 3))

    def stop(self) -> None:
        """End the process: first by a signal, so that it ends its children and removes its files, then by force."""
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(GRACE_S)
        if self.process.pid:
            kill_group(self.process.pid)
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _serve(work: Callable[[Any], Any], item: Any, pipe: Connection, time_limit_s: float) -> None:
    """Do the work in the child, and send one message (value, failure)."""
    become_child()
    allow_time(time_limit_s)
    try:
        message = work(item), ""
    except Exception as error:
        message = None, describe(error)
    with suppress(BrokenPipeError):  # the parent has been killed and does not wait for it
        pipe.send(message)


def _run_on_ray(
    work: Callable[[Any], Any], items: Sequence[Any], *, jobs: int, time_limit_s: float, preload: Sequence[str]
) -> Generator[Outcome, None, None]:
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("Ray", _INSTALL_RAY) from error
    try:
        ray.init(address="auto", log_to_driver=False)
    except ConnectionError:  # there is no cluster
        ray.init(address="local", num_cpus=jobs, include_dashboard=False, log_to_driver=False)
    task = ray.remote(_run_one)
    options = {"time_limit_s": time_limit_s, "preload": tuple(preload)}
    pending = {task.remote(work, item, options): index for index, item in enumerate(items)}
    try:
        while pending:
            (done,), _ = ray.wait(list(pending), num_returns=1)
            index = pending.pop(done)
            try:
                yield replace(ray.get(done), index=index)
            except ray.exceptions.RayError as error:
                yield Outcome(index, None, f"lost by Ray: {error}", 0.0)
    finally:
        ray.shutdown()  # ends the tasks of this program; a cluster that was there stays


def _run_one(work: Callable[[Any], Any], item: Any, options: dict[str, Any]) -> Outcome:
    """Run the task of a Ray worker in a process of its own, as Ray has no time limits."""
    (outcome,) = _run_here(work, [item], jobs=1, **options)
    return outcome
