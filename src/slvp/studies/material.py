"""What studies train and test on: made once, in one folder, and the same for all of them."""

from __future__ import annotations

import copy
import dataclasses
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slvp.data.captioned import open_captioned
from slvp.data.examples.ref_davis17 import write_ref_davis17
from slvp.data.flow.prepare import write_flow_shards
from slvp.data.flow.samples import PRECOMPUTED, FlowSettings
from slvp.data.made_batches import WorldFlow, WorldMasks
from slvp.data.world import World
from slvp.data.world_export import FRAME_RATE, export_world
from slvp.errors import UserError
from slvp.files import whole_file
from slvp.training.config import DataConfig, Task
from slvp.training.recipes import recipe
from slvp.training.sources import build_batches

_SHARD = 100  # videos
_SETTINGS = "settings.json"


@dataclass(frozen=True)
class Sizes:
    """How much of the embedded world is drawn.

    Attributes:
        annotated: clips with masks to train on.
        captioned: clips with captions to pre-train on.
        tested: clips with masks, of cut-outs and backgrounds that training leaves out.
        flow_tested: such clips with captions.
        frames: of an annotated or tested clip.
        captioned_frames: of a captioned clip.
        height: of all frames, in pixels.
        width: of all frames, in pixels.
    """

    annotated: int = 1500
    captioned: int = 1500
    tested: int = 60
    flow_tested: int = 100
    frames: int = 4
    captioned_frames: int = 8
    height: int = 160
    width: int = 208


TINY = Sizes(8, 8, 3, 2, frames=3, captioned_frames=4, height=64, width=64)
"""Of a smoke test."""


@dataclass(frozen=True)
class Found:
    """What a user has beside the embedded world; paths are absolute.

    Attributes:
        cutouts: folders of cut-outs, of which the world is made.
        coco: (annotation file, folder of its images) to cut out.
        stamps: add Debian's tuxpaint stamps.
        captioned: real captioned video to pre-train on.
        annotated: folder in Ref-DAVIS17's layout; masks of its split ``train`` are trained on.
        tested: folder in that layout; its split ``val`` is tested on.
    """

    cutouts: tuple[Path, ...] = ()
    coco: tuple[tuple[Path, Path], ...] = ()
    stamps: bool = False
    captioned: tuple[Path, ...] = ()
    annotated: Path | None = None
    tested: Path | None = None


class Material:
    """A folder of data for studies. Each part is made when it is first asked for.

    Args:
        folder: of the data; is made if it is missing.
        found: what else there is.
        sizes: of the world's clips.
        examples: where no real data are given, drawn ones stand in: for a smoke test.
        quiet: show no progress.
    """

    def __init__(
        self, folder: Path, found: Found, sizes: Sizes, *, examples: bool, quiet: bool
    ) -> None:
        self.folder = folder.resolve()
        self.found = found
        self.sizes = sizes
        self._examples = examples
        self._quiet = quiet
        self._makes = True

    def planned(self) -> Material:
        """Return the same material, none of which is made: only its places are told."""
        plan = copy.copy(self)
        plan._makes = False
        return plan

    @property
    def world(self) -> DataConfig:
        """The world's clips, made as they are needed."""
        found = self.found
        return DataConfig(
            cutouts=tuple(map(str, found.cutouts)),
            coco=tuple((str(file), str(images)) for file, images in found.coco),
            stamps=found.stamps,
        )

    def settings(self) -> dict[str, object]:
        """Return what the folder's content depends on, as JSON has it, without paths."""
        world = {
            "cutouts": [path.name for path in self.found.cutouts],
            "coco": [file.name for file, _ in self.found.coco],
            "stamps": self.found.stamps,
        }
        return world | dataclasses.asdict(self.sizes)

    def places(self) -> dict[str, str]:
        """Return what to call each folder of data instead of its path."""
        found = self.found
        named = [*found.cutouts, *(place for pair in found.coco for place in pair)]
        there = self.folder.iterdir() if self.folder.is_dir() else ()
        named += [*found.captioned, *(one for one in (found.annotated, found.tested) if one)]
        return {str(path): path.name for path in [*named, *there]}

    def settle(self) -> None:
        """Make the folder, or see that it is of the same settings.

        Raises:
            UserError: it is of others.
        """
        note, wanted = self.folder / _SETTINGS, self.settings()
        if note.is_file():
            there = json.loads(note.read_bytes())
            for name, value in wanted.items():
                if there.get(name) != value:
                    raise UserError(
                        f"{self.folder} holds data made with {name} {there.get(name)}, not "
                        f"{value}; give the same options as before, or another folder as --out"
                    )
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with whole_file(note) as part:
            part.write_text(json.dumps(wanted, indent=1) + "\n")

    def annotated_world(self) -> Path:
        """Return a folder in Ref-YouTube-VOS's layout whose split ``train`` is of the world."""
        count = self.sizes.annotated
        return self._made("annotated", lambda out: self._export(out, "finetune", count, "train"))

    def tested_world(self) -> Path:
        """Return a benchmark ``world`` of what training leaves out."""
        count = self.sizes.tested
        return self._made(
            "tested", lambda out: self._export(out, "finetune", count, "test", held_out=True)
        )

    def captioned_world(self, *, randomise: bool = True, exact: bool = False) -> Path:
        """Return shards of captioned clips of the world with their flow; no masks are in them.

        Args:
            randomise: False draws them without variation of colour, blur, noise and so on.
            exact: their flow is the world's own, not an estimate.
        """
        name = "captioned" if randomise else "captioned-plain"
        count = self.sizes.captioned
        clips = self._made(
            f"{name}-clips",
            lambda out: self._export(out, "pretrain", count, "train", randomise=randomise),
        )
        videos = (clips / "captioned",)
        if not exact:
            return self._with_flow(f"{name}-flow", videos)
        return self._made(f"{name}-exact", lambda out: self._with_exact_flow(clips, out))

    def captioned_video(self) -> Path:
        """Return shards of the real captioned videos with their flow.

        Raises:
            UserError: none were named, or none can be read.
        """
        videos = self.found.captioned
        if not videos and self._examples:
            self.captioned_world()
            videos = (self.folder / "captioned-clips" / "captioned",)
        if not videos:
            raise UserError(
                "this study pre-trains on real video: name some with --captioned, such as a folder "
                "with captions.json"
            )
        return self._with_flow("real-flow", videos)

    def annotated_video(self) -> Path:
        """Return the folder in Ref-DAVIS17's layout to train on.

        Raises:
            UserError: none was named.
        """
        return self._real(self.found.annotated, "--annotated", "trained")

    def tested_video(self) -> Path:
        """Return the folder in Ref-DAVIS17's layout to test on.

        Raises:
            UserError: none was named.
        """
        return self._real(self.found.tested, "--tested", "tested")

    def _real(self, folder: Path | None, option: str, use: str) -> Path:
        if folder is not None:
            return folder
        if self._examples:
            return self._made("example", write_ref_davis17)
        raise UserError(
            f"this study's models are {use} on real video: name a folder in the layout of "
            f"Ref-DAVIS17 with {option}"
        )

    def _export(
        self,
        out: Path,
        task: Task,
        clips: int,
        split: str,
        *,
        held_out: bool = False,
        randomise: bool = True,
    ) -> None:
        world = self._world(task, held_out=held_out, randomise=randomise)
        export_world(out, world, clips=clips, seed=0, split=split, progress=not self._quiet)

    def _world(self, task: Task, *, held_out: bool, randomise: bool) -> World:
        """Return the world that a task would be trained, or held-out clips drawn, from."""
        sizes = self.sizes
        # Of flow there is one frame more.
        frames = sizes.frames if task == "finetune" else sizes.captioned_frames - 1
        data = dataclasses.replace(
            self.world,
            sizes=((sizes.height, sizes.width),),
            frames=(frames,),
            randomise=randomise,
        )
        batches = build_batches(dataclasses.replace(recipe("claims", task), data=data))
        (source,) = batches[1 if held_out else 0].sources
        assert isinstance(source, WorldMasks | WorldFlow)
        return source.worlds[0]

    def _with_flow(self, name: str, videos: tuple[Path, ...]) -> Path:
        """Estimate flow; that goes on by itself where it was interrupted."""
        out = self.folder / name
        if self._makes:
            self._write_flow(out, videos, "dis")
        return out

    def _with_exact_flow(self, clips: Path, out: Path) -> None:
        fields = self.folder / ".fields.part"
        shutil.rmtree(fields, ignore_errors=True)
        for file in sorted((clips / "flow").glob("*.npz")):
            folder = fields / file.stem
            folder.mkdir(parents=True)
            with np.load(file) as content:
                for number, flow_HW2 in enumerate(content["flow_THW2"][:-1]):
                    np.save(folder / f"{number:05d}.npy", flow_HW2)
        self._write_flow(out, (clips / "captioned",), f"{PRECOMPUTED}{fields}")
        shutil.rmtree(fields)

    def _write_flow(self, out: Path, videos: tuple[Path, ...], estimator: str) -> None:
        write_flow_shards(
            open_captioned(videos),
            out,
            FlowSettings(fps=float(FRAME_RATE), estimator=estimator),
            shard_size=_SHARD,
            progress=not self._quiet,
        )

    def _made(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return a folder that appears whole or not at all."""
        folder, part = self.folder / name, self.folder / f".{name}.part"
        if self._makes and not folder.is_dir():
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            make(part)
            part.replace(folder)
        return folder
