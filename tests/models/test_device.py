import pytest
import torch

from slvp.errors import UserError
from slvp.models.device import choose_device


def test_the_processor_is_always_there():
    assert choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("there", [True, False])
def test_auto_takes_an_accelerator_where_there_is_one(there, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert choose_device("auto").type == ("cuda" if there else "cpu")


@pytest.mark.parametrize("name", ["cpu:", "cuda:x", "cuda:²", "tpu", ""])
def test_unknown_devices_are_named(name):
    with pytest.raises(UserError, match=f"device '{name}'.*expected one of auto, cpu"):
        choose_device(name)
