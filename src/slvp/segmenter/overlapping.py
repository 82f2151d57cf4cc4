"""Several windows at a time: the cores shared between a caller and its helpers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import torch

_Inputs = ParamSpec("_Inputs")
_Result = TypeVar("_Result")


class Helpers:
    """Two threads that do tasks while their caller goes on, if there are two cores or more.

    PyTorch's operators then take half of the cores in each thread, the caller's too, until
    :meth:`close`: small operators gain less from a second core than two of them at once. Where
    there is one core, a task is done when it is given.

    Args:
        wanted: False does without threads.

    Attributes:
        ahead: how many tasks there should be before the caller waits for the first: one for each
            helper, and one that the next free helper takes.
    """

    def __init__(self, wanted: bool = True) -> None:
        self._cores = torch.get_num_threads()
        half = max(1, self._cores // 2)
        self._pool = None
        self.ahead = 0
        if wanted and self._cores > 1:
            self._pool = ThreadPoolExecutor(2, "slvp", torch.set_num_threads, (half,))
            torch.set_num_threads(half)
            self.ahead = 3

    def do(
        self, task: Callable[_Inputs, _Result], *inputs: _Inputs.args, **named: _Inputs.kwargs
    ) -> Future[_Result]:
        """Return what will have the task's result, or what it raised."""
        if self._pool is not None:
            return self._pool.submit(task, *inputs, **named)
        done: Future[_Result] = Future()
        done.set_result(task(*inputs, **named))
        return done

    def close(self) -> None:
        """End the threads, after the tasks that they are at; all cores are the caller's again."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            torch.set_num_threads(self._cores)
