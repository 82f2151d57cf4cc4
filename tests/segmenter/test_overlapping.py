import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from slvp.segmenter import Segmenter
from slvp.segmenter.overlapping import Helpers
from tiny import tiny_model


@pytest.fixture(params=[1, 4])
def cores(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_tasks_are_done_in_other_threads_where_there_are_cores(cores) -> None:
    helpers = Helpers()
    here = threading.get_ident()
    elsewhere = helpers.do(threading.get_ident).result() != here
    assert elsewhere == (cores > 1) == (helpers.ahead > 0)
    with helpers.sharing():
        assert torch.get_num_threads() == max(1, cores // 2)
        assert helpers.do(torch.get_num_threads).result() == max(1, cores // 2)
    assert torch.get_num_threads() == cores
    helpers.close()


def test_threads_that_start_meanwhile_have_all_cores(cores) -> None:
    """As those of a web server, in one of which the next stream may begin."""
    helpers = Helpers()
    helpers.do(torch.get_num_threads).result()
    with helpers.sharing(), ThreadPoolExecutor(1) as elsewhere:
        assert elsewhere.submit(torch.get_num_threads).result() == cores
    helpers.close()


def test_what_a_task_raises_is_raised_to_the_caller(cores) -> None:
    helpers = Helpers()
    with pytest.raises(ZeroDivisionError):
        helpers.do(divmod, 1, 0).result()
    helpers.close()


def test_overlapping_changes_nothing_but_the_time(cores) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (11, 50, 90, 3), dtype=np.uint8)
    segmenter = Segmenter(tiny_model(), quality="fast", presence_threshold=0)
    together = segmenter.segment(frames, ["a dog"])
    segmenter.overlaps = False
    alone = segmenter.segment(frames, ["a dog"])
    difference = together.probability_ETHW.astype(float) - alone.probability_ETHW
    assert abs(difference).max() < 2e-3  # sums of other lengths are rounded otherwise


def test_a_stream_that_is_left_ends_its_threads(cores) -> None:
    frames = np.zeros((12, 50, 90, 3), dtype=np.uint8)
    stream = Segmenter(tiny_model(), quality="fast").stream(frames, ["a dog"])
    next(stream)
    stream.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("slvp")]


def test_no_more_is_read_than_is_worked_on(cores) -> None:
    read = []

    def frames():
        for number in range(100):
            read.append(number)
            yield np.zeros((50, 90, 3), dtype=np.uint8)

    segmenter = Segmenter(tiny_model(), quality="fast")
    hop = segmenter.model.config.hop(segmenter.window)
    stream = segmenter.stream(frames(), ["a dog"])
    next(stream)
    windows_more = 0 if cores == 1 else 3
    assert len(read) == segmenter.window + hop * (windows_more + 1)
    stream.close()
