import pytest
import timm
import torch

from slvp.errors import UserError
from slvp.models.class_words import ClassWords
from slvp.models.slvp import SLVP
from slvp.models.text import TextEncoder
from slvp.models.vision import VisionEncoder
from tiny import tiny_config, tiny_model

TEXT = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture(scope="module")
def text() -> TextEncoder:
    return TextEncoder(TEXT).eval()


@torch.no_grad()
def test_a_uniform_picture_is_named_as_the_classifier_names_it(text) -> None:
    vision = VisionEncoder("tf_efficientnet_lite0", pretrained=True, frozen=True).eval()
    words = ClassWords("tf_efficientnet_lite0", pretrained=True, text=text, known=False)
    whole = timm.create_model("tf_efficientnet_lite0")
    whole.load_state_dict(_packaged_state(whole))
    stride32 = torch.rand(1, 1, 320, 1, 1)
    expected = whole.eval().forward_head(whole.bn2(whole.conv_head(stride32[0]))).softmax(-1)
    torch.testing.assert_close(words(stride32)[0, 0, :, 0, 0], (expected @ words.names_KC)[0])
    named = words(vision(torch.rand(2, 3, 3, 64, 96)).levels[-1])
    assert named.shape == (2, 3, text.width, 2, 3)
    assert (named.norm(dim=2) <= 1 + 1e-5).all()


def _packaged_state(whole):
    from slvp.models.encoders import PACKAGED_VISION

    state = torch.load(PACKAGED_VISION["tf_efficientnet_lite0"].verified_path(), weights_only=True)
    return dict(zip(whole.state_dict(), state.values(), strict=True))


@torch.no_grad()
def test_names_are_near_what_means_the_same(text) -> None:
    words = ClassWords("test_efficientnet", pretrained=False, text=text, known=False)
    camel, sports_car = 354, 817  # of ImageNet
    said = torch.nn.functional.normalize(text(["a camel in the desert"]).sentence_EC, dim=-1)[0]
    likeness_K = words.names_KC @ said
    assert likeness_K.argmax() == camel
    assert likeness_K[camel] > likeness_K[sports_car] + 0.3


def test_a_backbone_that_names_nothing_is_refused(text) -> None:
    for name in ("swin3d_t", "test_convnext"):
        with pytest.raises(UserError, match=f"class_words: vision backbone '{name}'.*EfficientNet"):
            ClassWords(name, pretrained=False, text=text, known=True)


@torch.no_grad()
def test_a_checkpoint_has_the_names_and_not_the_named_classifier(tmp_path) -> None:
    model = SLVP(
        tiny_config(
            vision="tf_efficientnet_lite0",
            vision_pretrained=True,
            vision_frozen=True,
            class_words=True,
        )
    ).eval()
    state = model.stored_state()
    assert "class_words.names_KC" in state
    assert not any(name.startswith(("class_words.last", "class_words.classify")) for name in state)
    model.save_pretrained(tmp_path / "model")
    again = SLVP.from_pretrained(tmp_path / "model").eval()
    frames, clip_of_E = torch.rand(1, 2, 3, 64, 64), torch.tensor([0])
    for one, other in zip(
        model(frames, ["a dog"], clip_of_E).best(),
        again(frames, ["a dog"], clip_of_E).best(),
        strict=True,
    ):
        torch.testing.assert_close(one, other, atol=2e-2, rtol=2e-2)  # stored in half precision


def test_the_classifier_never_trains() -> None:
    model = tiny_model(class_words=True).train()
    before = model.class_words.last[1].running_mean.clone()
    model.encode_vision(torch.rand(1, 1, 3, 64, 64))
    torch.testing.assert_close(model.class_words.last[1].running_mean, before)
    assert not any(p.requires_grad for p in model.class_words.parameters())
