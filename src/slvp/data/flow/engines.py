"""Who makes the shards: this process, several of them, or a Ray cluster.

Each shard is made by one worker, which shares nothing with the others but the disk.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Literal

import cv2
import torch

from slvp.data.flow.shards import ShardMaker, ShardReport
from slvp.errors import UserError

Engine = Literal["local", "ray"]


def run_here(
    maker: ShardMaker, shards: Sequence[int], watch: Callable[[], object]
) -> Iterator[ShardReport]:
    """Make shards in this process, one after the other; ``watch`` is called after each video."""
    for shard in shards:
        yield maker.make(shard, watch)


def run_processes(
    maker: ShardMaker, shards: Sequence[int], processes: int
) -> Iterator[ShardReport]:
    """Make shards in several processes of this machine, in whatever order they are finished.

    Raises:
        UserError: a worker was killed.
    """
    # A fork of a process that has used a GPU can't use it.
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(processes, context, _start_worker, (maker,))
    try:
        with _interrupts_held_back():
            futures = [pool.submit(_make, shard) for shard in shards]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise UserError(
            "a worker process was killed, by the system if memory ran out; start the command "
            "again with fewer --processes: it goes on with what is missing"
        ) from error
    finally:
        for worker in set(multiprocessing.active_children()) - others:
            worker.terminate()  # a shard takes minutes, and whoever interrupts won't wait
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Let Ctrl-C wait; processes that are started meanwhile never hear of it.

    It goes to all of them, and each would print a traceback.
    """
    if sys.platform == "win32":
        yield
        return
    earlier = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, earlier)


_MAKER: ShardMaker | None = None  # of this worker process


def _start_worker(maker: ShardMaker) -> None:
    global _MAKER
    _MAKER = maker
    use_one_core()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Don't wait for work from a parent that was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _make(shard: int) -> ShardReport:
    assert _MAKER is not None
    return _MAKER.make(shard)


def use_one_core() -> None:
    """Keep a worker off the cores of the others."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def run_ray(maker: ShardMaker, shards: Sequence[int], processes: int) -> Iterator[ShardReport]:
    """Make shards on a Ray cluster, in whatever order they are finished.

    The cluster is the one that the environment variable ``RAY_ADDRESS`` names (``auto``: the one
    of this machine). Without it, one of ``processes`` cores is started here, and stopped at the
    end. Source and shards must lie on a disk that all of its machines see.

    Raises:
        UserError: Ray isn't installed, or the cluster can't be reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise UserError("--engine ray needs Ray: pip install 'slvp[ray]'") from error
    quiet: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
    cluster = os.environ.get("RAY_ADDRESS")
    if cluster is None:
        ray.init(address="local", num_cpus=processes, include_dashboard=False, **quiet)
    else:
        try:
            ray.init(address=cluster, **quiet)
        except ConnectionError as error:
            raise UserError(
                f"the Ray cluster of RAY_ADDRESS={cluster} can't be reached: check the address "
                "and, if the cluster wants one, the authentication token"
            ) from error
    try:
        on_gpu = maker.settings.estimator.startswith("raft") and maker.settings.device != "cpu"
        gpus = 1 if on_gpu and ray.cluster_resources().get("GPU") else 0
        task = ray.remote(num_cpus=1, num_gpus=gpus)(_make_on_ray)
        shared = ray.put(maker)
        waiting = list(reversed(shards))
        running: list[Any] = []
        while waiting or running:
            cores = int(ray.cluster_resources().get("CPU", 1))  # clusters grow
            while waiting and len(running) < 2 * cores:
                running.append(task.remote(shared, waiting.pop()))
            done, running = ray.wait(running)
            for report in ray.get(done):
                if isinstance(report, Exception):
                    raise report
                yield report
    finally:
        ray.shutdown()


def _make_on_ray(maker: ShardMaker, shard: int) -> ShardReport | UserError | OSError:
    """Make a shard; what the user can mend comes back as it is, not inside Ray's traceback."""
    use_one_core()
    try:
        return maker.make(shard)
    except (UserError, OSError) as error:
        return error
