import pytest
from PIL import Image

from slvp.training import loop
from slvp.training.config import DataConfig, TrainConfig
from tiny import tiny_config


@pytest.mark.parametrize(("task", "columns"), [("pretrain", 8), ("finetune", 3)])
def test_pictures_are_drawn_whenever_a_run_is_scored(task, columns, tmp_path):
    config = TrainConfig(
        task=task,
        model=tiny_config(head="mask" if task == "finetune" else "flow"),
        data=DataConfig(sizes=((64, 64),), frames=(2,), pixels=2 * 2 * 64 * 64),
        steps=3,
        validate_every=2,
        validation_batches=1,
        workers=0,
    )
    loop.train(config, tmp_path / "run", quiet=True)
    files = sorted((tmp_path / "run/pictures").iterdir())
    assert [file.name for file in files] == ["step-000002.png", "step-000003.png"]
    with Image.open(files[0]) as picture:
        assert picture.width == 2 * 16 + columns * (184 + 8) - 8
