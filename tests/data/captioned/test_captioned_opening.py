"""Every layout of captioned video gives the same index."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import webdataset
from captioned_videos import SHARED, tar
from hypothesis import given
from hypothesis import strategies as st

from slvp.data.captioned import CaptionedIndex, open_captioned
from slvp.data.captioned.texts import LONGEST, Texts, clean, decode
from slvp.errors import UserError


def contents(index: CaptionedIndex) -> dict[str, tuple[bytes, tuple[str, ...]]]:
    """Bytes and captions of each video, by the last part of its name."""
    found = {}
    for number in range(len(index)):
        video = index.read(number)
        assert video.name == index.name(number)
        found[Path(video.name).stem] = video.video.read(), video.captions
    return found


EXPECTED = {
    "a": (b"first", ("a dog runs", "a dog on grass")),
    "b": (b"second", ("a fish",)),
}


def webvid(folder: Path, page: str) -> Path:
    (folder / page).mkdir(parents=True, exist_ok=True)
    for name, (content, _) in EXPECTED.items():
        (folder / page / f"{name}.mp4").write_bytes(content)
    table = folder / "results.csv"
    page_dir = page.removeprefix("videos").strip("/")
    rows = ["videoid,contentUrl,duration,page_dir,name"]
    for name, (_, captions) in EXPECTED.items():
        rows += [f'{name},http://x/y,PT00H00M10S,{page_dir},"{caption}"' for caption in captions]
    table.write_text("\n".join(rows) + "\n")
    return table


def listed(folder: Path) -> Path:
    for name, (content, _) in EXPECTED.items():
        (folder / f"{name}.mp4").write_bytes(content)
    entries = [{"file": f"{name}.mp4", "captions": list(c)} for name, (_, c) in EXPECTED.items()]
    (folder / "captions.json").write_text(json.dumps(entries))
    return folder / "captions.json"


def named(folder: Path) -> Path:
    (folder / "videos").mkdir()
    (folder / "videos/a.mp4").write_bytes(b"first")
    (folder / "b.webm").write_bytes(b"second")
    (folder / "captions.json").write_text(json.dumps({n: c for n, (_, c) in EXPECTED.items()}))
    return folder / "captions.json"


def plain_table(folder: Path) -> Path:
    listed(folder)
    (folder / "captions.json").unlink()
    rows = [f"{n}.mp4,{caption}" for n, (_, captions) in EXPECTED.items() for caption in captions]
    (folder / "videos.csv").write_text("\n".join(["file,caption", *rows]))
    return folder / "videos.csv"


LAYOUTS: dict[str, Callable[[Path], Path]] = {
    "a list": listed,
    "names": named,
    "WebVid": lambda folder: webvid(folder, "videos/000001_000050"),
    "WebVid without videos/": lambda folder: webvid(folder, "000001_000050"),
    "WebVid without pages": lambda folder: webvid(folder, "videos"),
    "WebVid beside": lambda folder: webvid(folder, ""),
    "file and caption": plain_table,
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("by", ["folder", "file"])
def test_folders_and_tables(tmp_path: Path, layout: str, by: str) -> None:
    file = LAYOUTS[layout](tmp_path)
    index = open_captioned([tmp_path if by == "folder" else file])
    assert contents(index) == EXPECTED
    assert index.notes == ()


def test_what_is_listed_and_missing_is_told(tmp_path: Path) -> None:
    listed(tmp_path)
    (tmp_path / "b.mp4").unlink()
    index = open_captioned([tmp_path])
    assert list(contents(index)) == ["a"]
    assert index.notes == (f"{tmp_path}/captions.json: 1 of 2 videos aren't there",)


def sample(key: str, **parts: bytes) -> dict[str, bytes]:
    return {f"{key}.{part}": content for part, content in parts.items()}


def test_shards(tmp_path: Path) -> None:
    record = json.dumps({"caption": "from JSON", "key": "1", "url": "x"}).encode()
    several = json.dumps({"caption": ["one", "two", 3]}).encode()
    path = tar(
        tmp_path / "00000.tar",
        sample("both", json=record, mp4=b"1", txt=b"from text")
        | sample("json", json=record, mp4=b"22")
        | sample("empty", json=record, mp4=b"", txt=b" \n")
        | sample("several", json=several, webm=b"4")
        | sample("deep/er.x", mp4=b"5")  # the key ends at the first dot
        | sample("none", mp4=b"66", flow=b"flow")
        | sample("picture", jpg=b"7", txt=b"no video"),
    )
    found = contents(open_captioned([path]))
    assert found == {
        "both": (b"1", ("from text",)),
        "json": (b"22", ("from JSON",)),
        "empty": (b"", ("from JSON",)),
        "several": (b"4", ("one", "two")),
        "none": (b"66", ()),
    }
    index = open_captioned([tmp_path])  # the folder of the shard
    flows = [index.read(n).flow for n in range(len(index))]
    assert [flow.read() for flow in flows if flow] == [b"flow"]


KEYS = st.from_regex(r"[a-z0-9_]{1,12}", fullmatch=True)


@given(
    st.dictionaries(KEYS, st.tuples(st.binary(max_size=1300), KEYS), min_size=1, max_size=8),
)
def test_shards_are_read_as_webdataset_reads_them(
    tmp_path_factory: pytest.TempPathFactory, samples: dict[str, tuple[bytes, str]]
) -> None:
    path = tmp_path_factory.mktemp("shard") / "0.tar"
    with webdataset.TarWriter(str(path)) as writer:
        for key, (video, caption) in samples.items():
            writer.write({"__key__": key, "mp4": video, "txt": caption})
    theirs = webdataset.WebDataset(str(path), shardshuffle=False)
    assert contents(open_captioned([path])) == {
        sample["__key__"]: (sample["mp4"], (sample["txt"].decode(),)) for sample in theirs
    }


def test_ranges_of_shards(tmp_path: Path) -> None:
    for number in range(8, 12):
        tar(tmp_path / f"{number:05d}.tar", sample(f"k{number}", mp4=b"x", txt=b"t"))
    index = open_captioned([f"{tmp_path}/{{00009..00011}}.tar"])
    assert sorted(contents(index)) == ["k10", "k11", "k9"]
    assert index.counts.tolist() == [1, 1, 1]


def test_long_names_of_members(tmp_path: Path) -> None:
    key = "/".join(["folder"] * 30) + "/key"
    path = tar(tmp_path / "0.tar", sample(key, mp4=b"x", txt=b"t"))
    assert contents(open_captioned([path])) == {"key": (b"x", ("t",))}


def test_a_shard_cut_off_keeps_what_is_there(tmp_path: Path) -> None:
    path = tar(
        tmp_path / "0.tar",
        sample("a", mp4=b"x" * 700, txt=b"t") | sample("b", mp4=b"y" * 7000, txt=b"t"),
    )
    path.write_bytes(path.read_bytes()[:5000])
    index = open_captioned([path])
    assert list(contents(index)) == ["a"]
    assert f"{path}: is cut off" in index.notes[0]


def test_one_bad_shard_of_many_is_told(tmp_path: Path) -> None:
    tar(tmp_path / "0.tar", sample("a", mp4=b"x", txt=b"t"))
    (tmp_path / "1.tar").write_bytes(b"")
    index = open_captioned([tmp_path])
    assert list(contents(index)) == ["a"]
    assert "1.tar: is no tar archive" in index.notes[0]
    (missing,) = open_captioned([f"{tmp_path}/{{0..2}}.tar"]).notes[1:]
    assert f"{tmp_path}/2.tar: not found" in missing


def test_several_places(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    listed(tmp_path / "folder")
    shard = tar(tmp_path / "0.tar", sample("c", mp4=b"x", txt=b"t"))
    index = open_captioned([tmp_path / "folder", shard])
    assert list(contents(index)) == ["a", "b", "c"]
    assert contents(pickle.loads(pickle.dumps(index))) == contents(index)


@pytest.mark.parametrize(
    ("files", "opened", "said"),
    [
        ({}, "nothing", "not found"),
        ({"x.txt": b""}, ".", "holds no captioned video"),
        ({"x.txt": b""}, "x.txt", "holds no captioned video"),
        ({"captions.json": b"{"}, ".", "is no JSON"),
        ({"captions.json": b"7"}, ".", "expected a list"),
        ({"captions.json": b'[{"captions": []}]'}, ".", "entry 0"),
        ({"captions.json": b"[]"}, ".", "none of its 0 videos"),
        ({"captions.json": b'{"a\\u0000": ["x"]}'}, ".", "none of its 1 videos can be found"),
        ({"a.csv": b"videoid,url\n1,2\n"}, ".", "expected videoid, name"),
        ({"a.csv": b""}, ".", "expected videoid, name"),
        ({"a.csv": b'file,caption\n"' + b"x" * 200_000}, ".", "line .* is unreadable"),
        ({"a.csv": b"", "b.csv": b""}, ".", "2 CSV files"),
        ({"a.tar": b"x" * 2000}, "a.tar", "is no tar archive"),
        ({"a.tar": b"\0" * 10240}, "a.tar", "has no video in it"),
        ({"0.tar": b"", "1.tar": b""}, ".", "the other 1 shards"),
        ({"0.tar": b""}, "{0..2}.tar", "0.tar.*the other 2 shards"),
        ({}, "{0..2}.tar", r"0\.tar: not found; .*the other 2 shards"),
        ({"3.tar": b""}, "{05..3}.tar", r"backwards; expected .*, \{03\.\.05\}"),
    ],
)
def test_mistakes_get_one_sentence(
    tmp_path: Path, files: dict[str, bytes], opened: str, said: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=said) as raised:
        open_captioned([str(tmp_path / opened)])
    assert str(tmp_path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_captions_of_any_encoding(tmp_path: Path) -> None:
    listed(tmp_path)
    (tmp_path / "captions.json").unlink()
    rows = b"file,caption\r\na.mp4,caf\xe9 au lait\r\na.mp4,caf\xc3\xa9 noir\r\na.mp4,\r\n"
    (tmp_path / "x.csv").write_bytes(b"\xef\xbb\xbf" + rows)
    path = tar(
        tmp_path / "0.tar",
        sample("latin", mp4=b"x", txt=b"caf\xe9") | sample("utf", mp4=b"x", txt=b"caf\xc3\xa9"),
    )
    found = contents(open_captioned([tmp_path / "x.csv", path]))
    assert found["a"][1] == ("café au lait", "café noir")
    assert found["latin"][1] == found["utf"][1] == ("café",)


def test_captions_are_clean() -> None:
    assert clean(["  a\tdog\n runs ", "", " ", "a dog runs", "x\0y"]) == ("a dog runs", "x y")
    assert clean(["half \ud83d"]) == ("half ?",)
    assert len(clean(["long " * LONGEST])[0]) <= LONGEST


@given(st.binary())
def test_any_bytes_are_a_caption(content: bytes) -> None:
    for caption in clean([decode(content)]):
        assert caption == " ".join(caption.split())
        caption.encode()


@given(st.lists(st.text(st.characters())))
def test_texts_come_back(texts: list[str]) -> None:
    kept = pickle.loads(pickle.dumps(Texts(texts)))
    assert list(kept) == texts
    assert [kept[number] for number in range(len(kept))] == texts


def shard_of(folder: Path, keys: range) -> Path:
    return tar(
        folder / f"{keys.start}.tar",
        {f"{key:05d}.{kind}": b"x" for key in keys for kind in ("mp4", "txt")},
    )


def test_held_out_videos_are_the_same_in_any_company(tmp_path: Path) -> None:
    one, two = shard_of(tmp_path, range(300)), shard_of(tmp_path, range(300, 500))
    training, held_out = (set(contents(part)) for part in open_captioned([one, two]).split(0.1))
    assert training | held_out == {f"{key:05d}" for key in range(500)}
    assert not training & held_out
    assert 25 < len(held_out) < 80
    alone = set(contents(open_captioned([two]).split(0.1)[1]))
    assert alone == {key for key in held_out if int(key) >= 300}


def test_few_videos_are_held_out(tmp_path: Path) -> None:
    index = open_captioned([shard_of(tmp_path, range(3))])
    for share in (1e-9, 1.0):
        assert all(len(part) > 0 for part in index.split(share))
    assert [len(part) for part in index.split(0.0)] == [3, 3]
    single = open_captioned([shard_of(tmp_path, range(7, 8))])
    assert [len(part) for part in single.split(0.5)] == [1, 1]


def test_parts_of_a_file(tmp_path: Path) -> None:
    path = tar(tmp_path / "0.tar", {"a.txt": b"", "b.mp4": bytes(range(200)), "c.txt": b"no"})
    video = open_captioned([path]).read(0).video
    with video.open() as (file, size):
        assert size == 200
        assert isinstance(file, io.BufferedReader)
        assert file.seek(-5, io.SEEK_END) == 195
        assert file.read() == bytes(range(195, 200))
        assert file.read() == b""
        assert file.seek(50) == 50
        assert file.seek(3, io.SEEK_CUR) == 53
        assert file.read(2) == bytes((53, 54))


def test_real_captioned_video() -> None:
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} isn't there: it is development material")
    index = open_captioned([SHARED / "captioned", SHARED / "davis-train27"])
    assert index.counts.tolist() == [25, 27]
    assert index.notes == ()
    captions = [len(index.read(number).captions) for number in range(52)]
    assert min(captions) >= 1 and np.mean(captions) > 2.5
