"""Models on disk and on the hub: a folder with ``config.json`` and ``model.safetensors``.

Frozen, named encoders are not stored; ``config.json`` names them and ``slvp.models.encoders``
verifies them by hash.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from slvp.errors import UserError
from slvp.files import is_folder
from slvp.models.build import build
from slvp.models.configs import config_of
from slvp.models.encoders import hub
from slvp.models.grounded.names import parse_grounded
from slvp.models.referformer.words import TOKENIZER
from slvp.models.referring_model import ReferringModel

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
CARD_FILE = "README.md"

_FILES = [CONFIG_FILE, WEIGHTS_FILE, f"{TOKENIZER}/*"]

_SHIPPED = Path(__file__).parents[1] / "weights"


def shipped_models() -> list[str]:
    """Return the names of the models that come with the package."""
    return sorted(path.name for path in _SHIPPED.iterdir()) if _SHIPPED.is_dir() else []


def save_pretrained(
    model: ReferringModel, folder: Path, *, card: str = "", dtype: torch.dtype = torch.float32
) -> None:
    """Write ``config.json``, ``model.safetensors`` and, if given, a model card.

    Each file appears whole or not at all.

    Args:
        model: what to save.
        folder: made if it isn't there.
        card: Markdown text of the model card.
        dtype: of the floating-point tensors on disk; half precision for what is shipped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous().cpu()
        for name, tensor in model.stored_state().items()
    }
    with tempfile.TemporaryDirectory(dir=folder, prefix=".saving-") as temporary:
        new = Path(temporary)
        save_file(state, new / WEIGHTS_FILE, metadata={"format": "pt"})
        (new / WEIGHTS_FILE).chmod(0o644)  # safetensors makes it readable by the owner alone
        (new / CONFIG_FILE).write_text(json.dumps(model.config.to_dict(), indent=2) + "\n")
        if card:
            (new / CARD_FILE).write_text(card)
        model.save_extras(new)
        for path in sorted(new.iterdir()):
            if path.is_dir() and (folder / path.name).is_dir():
                shutil.rmtree(folder / path.name)
            path.replace(folder / path.name)


def from_pretrained(name_or_path: str | Path) -> ReferringModel:
    """Load a model in evaluation mode.

    Args:
        name_or_path: a shipped model (``default``), a folder, or a hub's ``owner/name``.

    Raises:
        UserError: there is no such model, or its files don't fit together.
    """
    if parse_grounded(str(name_or_path)) is not None:
        raise UserError(
            f"model {str(name_or_path)!r}: grounding needs later frames and asks in its own way; "
            "expected a model without a prefix here"
        )
    folder = _find(str(name_or_path))
    config_file, weights_file = folder / CONFIG_FILE, folder / WEIGHTS_FILE
    for file in (config_file, weights_file):
        if not file.is_file():
            raise UserError(
                f"{folder}: holds no {file.name}; expected a folder written by save_pretrained"
            )
    try:
        values = json.loads(config_file.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{config_file}: is not JSON ({error}); fetch the model again") from None
    if not isinstance(values, dict):
        raise UserError(f"{config_file}: expected a JSON object; fetch the model again")
    model = build(config_of(values, str(config_file)), weights="unstored", folder=folder)
    try:
        state = load_file(weights_file)
    except SafetensorError as error:
        raise UserError(
            f"{weights_file}: is no readable safetensors file ({error}); fetch the model again"
        ) from None
    load_strictly(model, state, str(weights_file))
    return model.eval()


def load_strictly(
    model: ReferringModel,
    state: dict[str, torch.Tensor],
    source: str,
    belongs: str = "the weights don't belong to this config.json",
) -> None:
    """Copy ``state`` into ``model``; every stored tensor must be there with its shape.

    Args:
        model: is changed.
        state: what it shall hold.
        source: where that was read, for the message.
        belongs: what the message says of a tensor that doesn't fit.

    Raises:
        UserError: names the first tensor that is missing, unknown or of another shape.
    """
    expected = model.stored_state()
    for name, tensor in expected.items():
        if name not in state:
            raise UserError(f"{source}: tensor {name} is missing; {belongs}")
        if state[name].shape != tensor.shape:
            raise UserError(
                f"{source}: tensor {name} has shape {tuple(state[name].shape)}, expected "
                f"{tuple(tensor.shape)}; {belongs}"
            )
    for name in state:
        if name not in expected:
            raise UserError(f"{source}: tensor {name} is unknown; {belongs}")
    model.load_state_dict(state, strict=False)


def push_to_hub(
    model: ReferringModel, repo_id: str, *, card: str = "", private: bool = False
) -> str:
    """Upload a model to the Hugging Face hub and return its address.

    Args:
        model: what to upload.
        repo_id: ``owner/name``; made if it isn't there.
        card: Markdown text of the model card.
        private: of a repository that is made.
    """
    from huggingface_hub import HfApi

    api = HfApi()
    api.create_repo(repo_id, private=private, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        save_pretrained(model, Path(temporary), card=card)
        commit = api.upload_folder(folder_path=temporary, repo_id=repo_id)
    return str(commit.commit_url)


def _find(name: str) -> Path:
    """Return the folder of a shipped, local or hub model."""
    if name in shipped_models():
        return _SHIPPED / name
    if is_folder(Path(name)):
        return Path(name)
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import (
            HfHubHTTPError,
            HFValidationError,
            LocalEntryNotFoundError,
        )

        try:
            with hub():
                return Path(snapshot_download(name, allow_patterns=_FILES))
        except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
            reason = type(error).__name__
            raise UserError(
                f"model {name!r}: no such folder, and the hub could not be asked ({reason}); "
                f"expected {_expected()}"
            ) from None
    raise UserError(f"model {name!r}: not found; expected {_expected()}")


def _expected() -> str:
    shipped = ", ".join(repr(name) for name in shipped_models())
    return f"a shipped model ({shipped or 'none here'}), a folder or a hub's owner/name"
