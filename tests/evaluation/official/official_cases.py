"""Truth and predictions that both evaluators score: the same arrays wherever they are made.

A case is a sequence with four predictions, one for each annotation set of Ref-DAVIS17.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import cv2
import numpy as np
from PIL import Image

from slvp.data.benchmarks.ref_davis17 import ANNOTATION_SETS
from slvp.data.palette import write_ids

VAL5 = Path(__file__).parents[4] / "shared/real/ref-davis17-val5"
"""Real masks, where somebody has put them beside the checkout."""

VOID = 255

Perturbation = Callable[[np.ndarray, Random], np.ndarray]


@dataclass(frozen=True)
class Case:
    """A sequence: truth_THW and, by annotation set, predicted_THW; uint8 ids."""

    name: str
    truth_THW: np.ndarray
    predicted: dict[str, np.ndarray]

    def digest(self) -> str:
        """Return what changes when a pixel does."""
        content = hashlib.sha256(repr(self.truth_THW.shape).encode())
        for ids_THW in (self.truth_THW, *self.predicted.values()):
            content.update(np.ascontiguousarray(ids_THW).tobytes())
        return content.hexdigest()[:16]


def generated_cases() -> Iterator[Case]:
    """Draw small sequences with everything that the rules speak of, and one of full size."""
    one = drawn(9, 60, 80, [(20, 20, 10, 14, 2, 4)])
    yield case("one-object", one, [same, shifted, eroded, holed])

    three = drawn(
        13, 60, 80, [(20, 15, 9, 9, 1, 3), (40, 60, 12, 16, 0, -3), (30, 40, 6, 20, -1, 0)]
    )
    yield case("three-objects", three, [swapped, permuted, extra, emptied])
    yield case("three-with-void", ringed(three), [same, into_void, swapped, extra])

    # Of the objects that come later, 2 counts, as the first frame has a higher id; 4 doesn't.
    late = drawn(12, 60, 80, [(20, 15, 9, 9, 1, 3), (40, 60, 12, 16, 0, -3), (30, 40, 6, 20, 0, 0)])
    late[:5][late[:5] == 2] = 0
    late[7:, 2:12, 60:75] = 4
    late[10] = 0
    yield case("later-objects", late, [shifted, permuted, gaps, emptied])

    # An empty mask would do better than the second id, which only strays.
    rare = drawn(6, 40, 60, [(20, 15, 9, 9, 1, 3), (30, 40, 6, 10, 0, 0)])
    rare[1:][rare[1:] == 2] = 0
    yield case("rare-object", rare, [stray, same, emptied, extra])

    edges = drawn(7, 48, 100, [(0, 0, 20, 30, 0, 5), (47, 99, 25, 12, 0, -4)])
    edges[3] = 1
    edges[5, -1] = 2
    edges[6, :, -1] = 2
    yield case("edges", edges, [shifted, dilated, holed, nothing])

    six = drawn(8, 72, 96, [(12 * n, 14 * n, 5 + n, 9, 1, 2 - n) for n in range(1, 7)])
    six[:, 30:40, 10:30] = VOID
    yield case("six-objects", six, [permuted, crowd, holed, swapped])

    short = drawn(3, 33, 47, [(10, 10, 6, 6, 1, 1), (20, 30, 8, 8, 0, -2)])
    yield case("three-frames", short, [shifted, swapped, nothing, extra])

    long = drawn(107, 24, 32, [(8, 6, 5, 5, 0, 0), (12, 20, 6, 4, 0, 0)])
    yield case("many-frames", long, [drifting, speckled, swapped, emptied])

    wide = ringed(drawn(4, 480, 854, [(200, 200, 90, 60, 10, 30), (300, 600, 120, 80, -20, -40)]))
    yield case("full-size", wide, [shifted, into_void, speckled, permuted])


def real_cases(val5: Path) -> Iterator[Case]:
    """Take the real masks of five videos, alone and several pasted into one."""
    masks = {
        name: read_masks(val5 / "DAVIS/Annotations/480p" / name, step=6)
        for name in ("camel", "car-roundabout", "cows", "dance-twirl", "dog")
    }
    plans = {
        "camel": [shifted, eroded, holed, emptied],
        "car-roundabout": [dilated, nothing, extra, drifting],
        "cows": [same, holed, shifted, speckled],
        "dance-twirl": [eroded, drifting, emptied, extra],
        "dog": [shifted, speckled, dilated, holed],
    }
    for name, plan in plans.items():
        yield case(name, masks[name], plan)

    farm = pasted(masks["cows"], moved(masks["dog"], 40, -230), moved(masks["camel"], 0, 220))
    yield case("cows-dog-camel", farm, [swapped, permuted, emptied, extra])
    street = pasted(masks["car-roundabout"], masks["dance-twirl"], masks["dog"], masks["camel"])
    yield case("street-with-void", ringed(street), [into_void, swapped, eroded, permuted])
    pair = pasted(masks["dance-twirl"], moved(masks["cows"], 60, 150))
    yield case("dancer-cow", pair, [shifted, holed, swapped, gaps])


def case(name: str, truth_THW: np.ndarray, plan: Sequence[Perturbation]) -> Case:
    objects_THW = np.where(truth_THW == VOID, 0, truth_THW).astype(np.uint8)
    predicted = {
        annotation_set: perturb(objects_THW.copy(), Random(f"{name} {annotation_set}"))
        for annotation_set, perturb in zip(ANNOTATION_SETS, plan, strict=True)
    }
    return Case(name, truth_THW, predicted)


# Truth -------------------------------------------------------------------------------------------


def drawn(frames: int, height: int, width: int, ellipses: Sequence[tuple[int, ...]]) -> np.ndarray:
    """Draw ellipses (row, column, radii, and steps per frame); the last lies on top."""
    ids_THW = np.zeros((frames, height, width), np.uint8)
    rows_H1, columns_W = np.arange(height)[:, None], np.arange(width)
    for t in range(frames):
        for number, (y, x, ry, rx, vy, vx) in enumerate(ellipses, start=1):
            dy_H1, dx_W = rows_H1 - (y + vy * t), columns_W - (x + vx * t)
            ids_THW[t][(dy_H1 * rx) ** 2 + (dx_W * ry) ** 2 <= (rx * ry) ** 2] = number
    return ids_THW


def ringed(ids_THW: np.ndarray) -> np.ndarray:
    """Make the pixels around every object void, as far as it is background."""
    wide_THW = per_frame(ids_THW, lambda ids_HW: cv2.dilate(ids_HW, np.ones((5, 5), np.uint8)))
    return np.where((ids_THW == 0) & (wide_THW > 0), np.uint8(VOID), ids_THW)


def pasted(*several: np.ndarray) -> np.ndarray:
    """Lay sequences of one object each over one another, the last on top: ids 1, 2, ..."""
    frames = min(len(ids_THW) for ids_THW in several)
    whole_THW = np.zeros_like(several[0][:frames])
    for number, ids_THW in enumerate(several, start=1):
        whole_THW[ids_THW[:frames] == 1] = number
    return whole_THW


def read_masks(folder: Path, step: int) -> np.ndarray:
    return np.stack([np.array(Image.open(path)) for path in sorted(folder.iterdir())[::step]])


# Predictions -------------------------------------------------------------------------------------


def per_frame(ids_THW: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return np.stack([change(ids_HW) for ids_HW in ids_THW])


def moved(ids_THW: np.ndarray, down: int, right: int) -> np.ndarray:
    """Shift all pixels; what leaves the frame is lost."""
    ids_THW = np.roll(ids_THW, (down, right), axis=(1, 2))
    ids_THW[:, : max(down, 0)] = 0
    ids_THW[:, ids_THW.shape[1] + min(down, 0) :] = 0
    ids_THW[:, :, : max(right, 0)] = 0
    ids_THW[:, :, ids_THW.shape[2] + min(right, 0) :] = 0
    return ids_THW


def scale(ids_THW: np.ndarray) -> int:
    """A length in pixels that is about the tolerance of F."""
    return 1 + ids_THW.shape[1] // 60


def same(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    return ids_THW


def nothing(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    return np.zeros_like(ids_THW)


def shifted(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    return moved(ids_THW, -scale(ids_THW), 2 * scale(ids_THW))


def drifting(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    """Farther off from frame to frame."""
    steps = [(t * scale(ids_THW)) // 6 for t in range(len(ids_THW))]
    return np.concatenate([moved(ids_THW[t : t + 1], s, s) for t, s in enumerate(steps)])


def eroded(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    kernel = np.ones((2 * scale(ids_THW) + 1,) * 2, np.uint8)
    return per_frame(ids_THW, lambda ids_HW: cv2.erode(ids_HW, kernel))


def dilated(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    kernel = np.ones((2 * scale(ids_THW) + 1,) * 2, np.uint8)
    return per_frame(ids_THW, lambda ids_HW: cv2.dilate(ids_HW, kernel))


def holed(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    _, height, width = ids_THW.shape
    for ids_HW in ids_THW:
        for _ in range(12):
            top, left = int(random.random() * height), int(random.random() * width)
            ids_HW[top : top + height // 12, left : left + width // 16] = 0
    return ids_THW


def speckled(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    """Stray boxes of the first object's id and of the background."""
    _, height, width = ids_THW.shape
    for ids_HW in ids_THW:
        for number in range(20):
            top, left = int(random.random() * height), int(random.random() * width)
            ids_HW[top : top + 1 + height // 80, left : left + 1 + width // 80] = number % 2
    return ids_THW


def emptied(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    """The highest of several objects nowhere, every third frame empty."""
    if (highest := ids_THW.max()) > 1:
        ids_THW[ids_THW == highest] = 0
    ids_THW[::3] = 0
    return moved(ids_THW, 1, 1)


def stray(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    """The highest object's id where nothing is."""
    highest = ids_THW.max()
    ids_THW[ids_THW == highest] = 0
    ids_THW[:, :4, -4:] = highest
    return ids_THW


def swapped(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    """The first two ids change places in the last three fifths of the frames."""
    table = np.arange(256, dtype=np.uint8)
    table[[1, 2]] = 2, 1
    start = 2 * len(ids_THW) // 5
    ids_THW[start:] = table[ids_THW[start:]]
    return shifted(ids_THW, random)


def permuted(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    """All ids change places, in all frames."""
    highest = int(ids_THW.max())
    order = sorted(range(1, highest + 1), key=lambda _: random.random())
    table = np.array([0, *order], np.uint8)
    return eroded(table[ids_THW], random)


def extra(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    """Three ids more; one of them is an object's better mask for some frames."""
    highest = int(ids_THW.max())
    _, height, width = ids_THW.shape
    ids_THW = shifted(ids_THW, random)
    ids_THW[:, : height // 5, : width // 5] = highest + 1
    ids_THW[2:, -height // 4 :, -width // 4 :] = highest + 2
    ids_THW[len(ids_THW) // 2 :][ids_THW[len(ids_THW) // 2 :] == 1] = highest + 3
    return ids_THW


def crowd(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    """As many ids as are allowed, dealt to the columns of the objects."""
    stripes_W = (np.arange(ids_THW.shape[2]) // 4 % 20 + 1).astype(np.uint8)
    return np.where(ids_THW > 0, stripes_W, np.uint8(0))


def gaps(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    """Only even ids."""
    return shifted(2 * ids_THW, random)


def into_void(ids_THW: np.ndarray, random: Random) -> np.ndarray:
    """Wider than the truth, by about as much as the void around it."""
    return per_frame(ids_THW, lambda ids_HW: cv2.dilate(ids_HW, np.ones((5, 5), np.uint8)))


# Files -------------------------------------------------------------------------------------------


def write_data(root: Path, cases: Sequence[Case]) -> None:
    """Write the truth in the layout of Ref-DAVIS17, with frames of a single pixel."""
    davis = root / "DAVIS"
    for one in cases:
        frames = davis / "JPEGImages/480p" / one.name
        frames.mkdir(parents=True)
        for t in range(len(one.truth_THW)):
            Image.new("RGB", (1, 1)).save(frames / f"{t:05d}.jpg")
        write_maps(davis / "Annotations/480p" / one.name, one.truth_THW)
    split = davis / "ImageSets/2017/val.txt"
    split.parent.mkdir(parents=True)
    split.write_text("".join(f"{one.name}\n" for one in cases))
    texts = root / "davis_text_annotations"
    texts.mkdir()
    for annotation_set in ANNOTATION_SETS:
        lines = [
            f'{one.name} {number} "object {number}"\n'
            for one in cases
            for number in np.unique(one.truth_THW)
            if number not in (0, VOID)
        ]
        (texts / f"Davis17_{annotation_set}.txt").write_text("".join(lines))


def write_predictions(root: Path, cases: Sequence[Case]) -> None:
    """Write the predictions as the field's programs do: ``anno_0/SEQUENCE/00000.png``."""
    for one in cases:
        for index, ids_THW in enumerate(one.predicted.values()):
            write_maps(root / f"anno_{index}" / one.name, ids_THW)


def write_maps(folder: Path, ids_THW: np.ndarray) -> None:
    folder.mkdir(parents=True)
    for t, ids_HW in enumerate(ids_THW):
        write_ids(ids_HW, folder / f"{t:05d}.png")
