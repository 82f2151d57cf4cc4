import pytest

from slvp.errors import UserError
from slvp.segmenter.quality import QUALITIES, Quality, quality_of


def test_names_and_records():
    assert quality_of("fast") == Quality(follow=False, refine=False, choose=False)
    assert quality_of("good") == Quality()
    assert quality_of("best").flip
    assert len(quality_of("best").scales) == 2
    assert list(QUALITIES) == ["fast", "good", "best"]
    own = Quality(flip=True)
    assert quality_of(own) is own


def test_an_unknown_name():
    with pytest.raises(UserError, match="quality 'superb': expected one of fast, good, best"):
        quality_of("superb")


@pytest.mark.parametrize("scales", [(), (0.0,), (1.0, -1.0), (5.0,), (float("nan"),)])
def test_scales_that_cannot_be(scales):
    with pytest.raises(UserError, match="scales"):
        Quality(scales=scales)
