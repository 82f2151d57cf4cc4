from slvp.apps.cli import run
from tiny import tiny_model


def test_an_export_and_what_is_in_its_way(tmp_path, capsys):
    tiny_model(vision_frozen=True).save_pretrained(tmp_path / "model")
    out = tmp_path / "exported"
    command = ["export", str(tmp_path / "model"), "--format", "torch-export", "--out", str(out)]
    assert run(command) == 0
    assert capsys.readouterr().out.count("of the model's answers") == 3
    names = {"vision.pt2", "text.pt2", "decoder.pt2", "export.json", "tokenizer"}
    assert {path.name for path in out.iterdir()} == names
    assert run(command) == 2
    assert "not empty" in capsys.readouterr().err


def test_what_cannot_be_exported_leaves_nothing_behind(tmp_path, capsys):
    tiny_model(head="flow").save_pretrained(tmp_path / "flow")
    command = ["export", str(tmp_path / "flow"), "--format", "torch-export"]
    assert run([*command, "--out", str(tmp_path / "out")]) == 2
    assert "only a model that segments" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["flow"]
