"""Time ReferFormer beside the authors' code with its fallback in PyTorch, in one process.

    git clone https://github.com/wjn922/ReferFormer
    pip install einops
    python scripts/measure_referformer.py ReferFormer --backbones resnet50 video_swin_t_p4w7

Both have the same weights, random ones of their full size, and answer the same sentence about the
same frames of 360 x 640 pixels; each time is the least of some runs, taken in turn. Also told: the
largest difference between the answers, and the time for four sentences, of which ours sees the
frames once.
"""

import argparse
import sys
import time
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "models" / "referformer" / "official"))

import authors_inputs  # noqa: E402
from authors_code import build, official  # noqa: E402

from slvp.models.device import keep_freed_memory  # noqa: E402
from slvp.models.referformer.config import ReferFormerConfig  # noqa: E402
from slvp.models.referformer.model import ReferFormer  # noqa: E402
from slvp.models.referformer.published import BACKBONES, our_state  # noqa: E402

SENTENCES = ["a brown dog", "the car on the left", "two people", "a cat that jumps"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="the authors' code")
    parser.add_argument("--backbones", nargs="+", choices=list(BACKBONES), default=["resnet50"])
    parser.add_argument("--frames", type=int, default=5)
    parser.add_argument("--size", type=int, nargs=2, default=(360, 640))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    models, opts, misc = official(options.folder, {"vocab_size": 300})
    clip = torch.randn(options.frames, 3, *options.size)
    target = {"size": torch.tensor(options.size)}

    for backbone in options.backbones:
        torch.manual_seed(0)
        theirs = build(models, opts, backbone)[0].eval()
        config = ReferFormerConfig(vision=BACKBONES[backbone], roberta={"vocab_size": 300})
        ours = ReferFormer(config, tokenizer=authors_inputs.tokenizer_folder()).eval()
        ours.load_state_dict(our_state(theirs.state_dict(), backbone))
        frames = (clip * ours.vision.std + ours.vision.mean)[None]

        def ask_theirs(count: int, theirs=theirs) -> list[dict[str, torch.Tensor]]:
            return [
                theirs(misc.nested_tensor_from_videos_list([clip]), [sentence], [target])
                for sentence in SENTENCES[:count]
            ]

        def ask_ours(count: int, ours=ours, frames=frames):
            return ours(frames, SENTENCES[:count], torch.zeros(count, dtype=torch.long))

        least: dict[str, float] = {}
        with torch.inference_mode():
            for _ in range(options.runs):
                for count in (1, 4):
                    for name, ask in (("authors", ask_theirs), ("ours", ask_ours)):
                        if name == "authors" and count == 4:
                            continue  # four times the time of one
                        began = time.perf_counter()
                        answer = ask(count)
                        taken = time.perf_counter() - began
                        key = f"{name} {count}"
                        least[key] = min(taken, least.get(key, taken))
                        if count == 1 and name == "authors":
                            expected = answer[0]
                        elif count == 1:
                            given = answer
        differences = {
            "pred_masks": given.logits_ENTHW.transpose(1, 2) - expected["pred_masks"],
            "pred_logits": given.scores_ETNK - expected["pred_logits"],
            "pred_boxes": given.boxes_ETN4 - expected["pred_boxes"],
        }
        told = ", ".join(f"{k} {v.abs().max():.0e}" for k, v in differences.items())
        rate = {key: options.frames / seconds for key, seconds in least.items()}
        print(
            f"{backbone}, {options.frames} frames of {options.size[1]} x {options.size[0]}, "
            f"{options.threads} threads, least of {options.runs} runs\n"
            f"  authors' code   {rate['authors 1']:.3f} frames/s\n"
            f"  ours            {rate['ours 1']:.3f} frames/s, "
            f"{rate['ours 1'] / rate['authors 1']:.2f} times as many\n"
            f"  four sentences  {rate['ours 4']:.3f} frames/s, "
            f"{4 * rate['ours 4'] / rate['authors 1']:.2f} times as many as one by one\n"
            f"  differences     {told}",
            flush=True,
        )


if __name__ == "__main__":
    main()
