import csv

import pytest

from slvp.errors import UserError
from slvp.training.logs import Logs, Table, read_rows
from slvp.training.run import Run
from slvp.training.stream import Seen


def test_lines_are_on_disk_at_once_and_those_done_again_are_dropped(tmp_path):
    path = tmp_path / "table.csv"
    table = Table(path, ("step", "name"), 0)
    for step in range(4):
        table.add(step, f'"{step}", with a comma')
    assert len(read_rows(path)) == 4  # not closed, as of a killed process
    Table(path, ("step", "name"), 2).close()
    assert read_rows(path) == [["0", '"0", with a comma'], ["1", '"1", with a comma']]


def test_a_half_written_line_is_dropped(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("step,name\r\n0,a\r\n1")
    Table(path, ("step", "name"), 5).close()
    assert path.read_bytes() == b"step,name\r\n0,a\r\n"


def test_figures_survive_to_the_last_bit_of_single_precision(tmp_path):
    logs = Logs(Run(tmp_path), 0)
    logs.figures(7, {"train/loss": 1 / 3})
    logs.timing(7, {"train/loader_share": 0.5})
    logs.samples(7, Seen(3, 0xAB, ()))
    logs.close()
    with (tmp_path / "log.csv").open() as file:
        assert list(csv.DictReader(file)) == [
            {"step": "7", "name": "train/loss", "value": "0.333333333"}
        ]
    assert read_rows(tmp_path / "timing.csv") == [["7", "train/loader_share", "0.5"]]
    assert read_rows(tmp_path / "samples.csv") == [["7", "3", "000000ab"]]
    assert any((tmp_path / "tensorboard").iterdir())


def test_a_log_that_can_not_be_written_is_named(tmp_path):
    (tmp_path / "log.csv").mkdir()
    with pytest.raises(UserError, match=r"log\.csv: can't be written"):
        Logs(Run(tmp_path), 0)
