import io
import ssl
import urllib.error

import pytest
from huggingface_hub import constants

from slvp.models import encoders


@pytest.mark.parametrize(
    ("answer", "offline"),
    [
        (io.BytesIO(), False),
        (urllib.error.HTTPError("", 403, "forbidden", None, None), False),  # type: ignore[arg-type]
        (urllib.error.URLError(ssl.SSLError("unknown certificate")), False),
        (urllib.error.URLError("no route"), True),
        (TimeoutError("slow"), True),
    ],
)
def test_a_hub_that_does_not_answer_is_asked_once(
    answer: object, offline: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def ask(address: str, timeout: float) -> object:
        asked.append(address)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(encoders.urllib.request, "urlopen", ask)
    with encoders.hub():
        assert constants.HF_HUB_OFFLINE is offline
    assert constants.HF_HUB_OFFLINE is False
    assert asked == [constants.ENDPOINT]


def test_who_works_offline_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(encoders.urllib.request, "urlopen", None)
    with encoders.hub():
        pass
    assert constants.HF_HUB_OFFLINE is True
