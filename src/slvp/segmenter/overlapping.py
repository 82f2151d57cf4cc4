"""Several windows at a time: the cores shared between a caller and its helpers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import ParamSpec, TypeVar

import torch
from threadpoolctl import ThreadpoolController

_Inputs = ParamSpec("_Inputs")
_Result = TypeVar("_Result")


class Helpers:
    """Two threads that do tasks while their caller goes on, if there are two cores or more.

    PyTorch's operators then take half of the cores in each thread, in the caller's while it is
    within :meth:`sharing`: small operators gain less from a second core than two of them at once.
    Where there is one core, a task is done when it is given.

    Args:
        wanted: False does without threads.

    Attributes:
        ahead: how many tasks there should be before the caller waits for the first: one for each
            helper, and one that the next free helper takes.
    """

    def __init__(self, wanted: bool = True) -> None:
        cores = torch.get_num_threads()
        self._half = max(1, cores // 2)
        # Not torch.set_num_threads, which is also what threads begin with that start meanwhile.
        self._cores = ThreadpoolController()
        several = wanted and cores > 1
        self._pool = ThreadPoolExecutor(2, "slvp", self._begin) if several else None
        self.ahead = 3 if several else 0

    def do(
        self, task: Callable[_Inputs, _Result], *inputs: _Inputs.args, **named: _Inputs.kwargs
    ) -> Future[_Result]:
        """Return what will have the task's result, or what it raised."""
        if self._pool is not None:
            return self._pool.submit(task, *inputs, **named)
        done: Future[_Result] = Future()
        done.set_result(task(*inputs, **named))
        return done

    def sharing(self) -> AbstractContextManager[object]:
        """Use no more than half of the cores for this thread's operators, within a block."""
        return nullcontext() if self._pool is None else self._limit()

    def close(self) -> None:
        """End the threads, after the tasks that they are at."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _begin(self) -> None:
        torch.get_num_threads()  # PyTorch gives a new thread all cores when it is first asked
        self._limit()

    def _limit(self) -> AbstractContextManager[object]:
        """Limit this thread's operators at once; leaving the result lifts that again."""
        limited: AbstractContextManager[object] = self._cores.limit(
            limits=self._half, user_api="openmp"
        )
        return limited
