"""Work out what each recipe needs, and store it beside ``slvp.training.estimates``.

To be run when a recipe or a model's parts have been changed: a test says so.

    python scripts/store_estimates.py
"""

from __future__ import annotations

import json
from dataclasses import asdict

from slvp.training.ablations import ABLATIONS
from slvp.training.config import TrainConfig
from slvp.training.estimates import STORED_FILE, digest
from slvp.training.recipes import RECIPES, recipe
from slvp.training.step_costs import work_out


def main() -> None:
    """Write the file."""
    configs: list[TrainConfig] = [recipe(name, "finetune") for name in RECIPES]
    configs += [recipe(name, "pretrain") for name in RECIPES]
    configs += [recipe(f"lite-{name}", "pretrain") for name in ABLATIONS]
    stored = {}
    for config in {digest(config): config for config in configs}.values():
        found = asdict(work_out(config))
        del found["machine"]
        stored[digest(config)] = found
    STORED_FILE.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main()
