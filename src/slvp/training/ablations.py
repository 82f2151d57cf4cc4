"""What each choice in pre-training's objective is worth: one function that undoes each.

They are the recipes ``lite-no-camera`` and so on, which are ``lite`` but for one field or two.
``slvp evaluate-flow`` measures all of them by the same target, so that they can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from slvp.training.config import EXACT, ObjectiveConfig

Ablation = Callable[[ObjectiveConfig], ObjectiveConfig]


def no_camera(objective: ObjectiveConfig) -> ObjectiveConfig:
    """The camera's motion stays in the target."""
    return replace(objective, subtract_camera=False)


def no_consistency(objective: ObjectiveConfig) -> ObjectiveConfig:
    """Flow is trusted everywhere, where it is occluded, too."""
    return replace(objective, check_consistency=False)


def plain_mean(objective: ObjectiveConfig) -> ObjectiveConfig:
    """Moving and still pixels are averaged together."""
    return replace(objective, balanced=False)


def no_dropout(objective: ObjectiveConfig) -> ObjectiveConfig:
    """The whole clip is always shown."""
    return replace(objective, single_frame=0.0)


def one_frame(objective: ObjectiveConfig) -> ObjectiveConfig:
    """Only the first frame is ever shown."""
    return replace(objective, single_frame=1.0)


def no_caption(objective: ObjectiveConfig) -> ObjectiveConfig:
    """A control: all captions are empty."""
    return replace(objective, captions="none")


def shuffled_caption(objective: ObjectiveConfig) -> ObjectiveConfig:
    """A control: each clip has another one's caption."""
    return replace(objective, captions="shuffled")


def contrast(objective: ObjectiveConfig) -> ObjectiveConfig:
    """Another clip's caption must give more error of what moves than the right one."""
    return replace(objective, contrast=0.5)


def exact_flow(objective: ObjectiveConfig) -> ObjectiveConfig:
    """The target is the embedded world's own flow, as a perfect estimator would give it."""
    return replace(objective, estimator=EXACT)


def fast_flow(objective: ObjectiveConfig) -> ObjectiveConfig:
    """The target is estimated by a preset of DIS that is about three times as fast."""
    return replace(objective, estimator="dis-fast")


def raft_flow(objective: ObjectiveConfig) -> ObjectiveConfig:
    """The target is estimated by RAFT, large, whose weights come from the hub."""
    return replace(objective, estimator="raft-large")


ABLATIONS: dict[str, Ablation] = {
    change.__name__.replace("_", "-"): change
    for change in (
        no_camera,
        no_consistency,
        plain_mean,
        no_dropout,
        one_frame,
        no_caption,
        shuffled_caption,
        contrast,
        exact_flow,
        fast_flow,
        raft_flow,
    )
}
