import numpy as np
from PIL import Image

from slvp.training.curves import draw_curves


def write_log(path, figures, steps=50):
    lines = ["step,name,value"]
    for step in range(steps):
        lines += [f"{step},{name},{value(step)}" for name, value in figures.items()]
    path.write_text("\n".join(lines) + "\n")


def inks(path):
    """Return how many pixels of the picture have a curve's colour."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    return {
        name: int((np.abs(pixels - colour).sum(-1) < 20).sum())
        for name, colour in (("first", (11, 132, 165)), ("second", (242, 117, 47)))
    }, pixels.shape


def test_each_curve_is_drawn(tmp_path):
    figures = {"train/loss": lambda step: 2 - step / 50, "train/moving": lambda step: 1}
    write_log(tmp_path / "log.csv", figures)
    draw_curves(tmp_path / "log.csv", tmp_path / "curves.png")
    drawn, _ = inks(tmp_path / "curves.png")
    assert drawn["first"] > 500
    assert drawn["second"] > 500


def test_figures_of_one_unit_share_a_panel(tmp_path):
    write_log(tmp_path / "log.csv", {"held-out/predicted_epe": float, "held-out/zero_epe": float})
    draw_curves(tmp_path / "log.csv", tmp_path / "one.png")
    write_log(tmp_path / "log.csv", {"held-out/iou": float, "held-out/presence_accuracy": float})
    draw_curves(tmp_path / "log.csv", tmp_path / "two.png")
    (one, _), (two, _) = inks(tmp_path / "one.png"), inks(tmp_path / "two.png")
    assert one["second"] > 500
    assert two["second"] == 0  # each panel begins with the first colour


def test_panels_fill_rows_of_two(tmp_path):
    names = ["train/loss", "train/gradient_norm", "train/learning_rate"]
    for count, rows in ((1, 1), (2, 1), (3, 2)):
        write_log(tmp_path / "log.csv", dict.fromkeys(names[:count], float), steps=1)
        draw_curves(tmp_path / "log.csv", tmp_path / "curves.png")
        _, (height, width, _) = inks(tmp_path / "curves.png")
        assert round(height / width / 0.287) == rows
    assert [path.name for path in tmp_path.glob("*")].count("curves.png") == 1
    assert not list(tmp_path.glob(".*"))
