"""That the switches of the objective reach the sources of the data."""

from dataclasses import replace

import numpy as np
import pytest

from slvp.data.flow import DisFlow
from slvp.errors import UserError
from slvp.training.config import DataConfig, ObjectiveConfig, TrainConfig
from slvp.training.sources import build_batches

CONFIG = TrainConfig(
    task="pretrain", data=DataConfig(sizes=((64, 64),), frames=(2,), pixels=2 * 3 * 64 * 64)
)


def sources(**changes):
    """The sources of training and of validation."""
    config = replace(CONFIG, objective=ObjectiveConfig(**changes))
    training, validation = build_batches(config)
    return training.sources[0], validation.sources[0]


def test_what_makes_the_target():
    for source in sources():
        assert source.target.estimator == DisFlow("medium")
        assert source.target.subtract_camera
        assert source.target.check_consistency
        assert not source.exact
    changes = {"estimator": "dis-fast", "subtract_camera": False, "check_consistency": False}
    for source in sources(**changes):
        assert source.target.estimator == DisFlow("fast")
        assert not source.target.subtract_camera
        assert not source.target.check_consistency
    assert all(source.exact for source in sources(estimator="exact"))


def test_the_cameras_motion_is_in_the_target_if_it_is_not_subtracted():
    with_camera, without = (
        source.make(source.plan(np.random.default_rng(0), 0))
        for source in (sources(subtract_camera=False)[0], sources()[0])
    )
    assert with_camera.frames_BTCHW.equal(without.frames_BTCHW)
    assert not with_camera.flow_BT2HW.equal(without.flow_BT2HW)


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, False),
        ({"captions": "none"}, False),
        ({"captions": "shuffled"}, True),
        ({"contrast": 0.1}, True),
    ],
)
def test_training_has_captions_of_others_where_they_are_needed_and_validation_always(
    changes, needed
):
    training, validation = sources(**changes)
    assert training.with_others == needed
    assert validation.with_others


def test_captioned_video_has_no_exact_flow():
    data = replace(CONFIG.data, captioned=("videos",))
    objective = ObjectiveConfig(estimator="exact")
    with pytest.raises(UserError, match="estimator 'exact'"):
        build_batches(replace(CONFIG, data=data, objective=objective))


def test_an_unknown_estimator():
    with pytest.raises(UserError, match="guess"):
        sources(estimator="guess")
