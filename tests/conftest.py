"""Fixtures that many tests share."""

import pytest
from hypothesis import HealthCheck, settings

from slvp.models.config import FUSIONS
from tiny import tiny_model

# Timings are no reason to fail: the machine may be busy.
settings.register_profile("slvp", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("slvp")


@pytest.fixture(params=FUSIONS)
def fusion(request) -> str:
    return request.param


@pytest.fixture(scope="session")
def tiny_model_folder(tmp_path_factory):
    """A saved tiny mask model, as a user's ``--model`` option would name it; leave it as it is."""
    folder = tmp_path_factory.mktemp("tiny-model")
    # Without training, nothing is surely there.
    tiny_model(presence_threshold=0.25).save_pretrained(folder)
    return folder
