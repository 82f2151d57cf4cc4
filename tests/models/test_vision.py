import pytest
import timm
import torch
from torchvision.models.video import swin3d_t

from slvp.errors import UserError
from slvp.models.encoders import STRIDES
from slvp.models.vision import VisionEncoder

HEIGHT, WIDTH = 64, 96  # no multiples of the windows of Swin


def _encoder(name: str, **options) -> VisionEncoder:
    torch.manual_seed(0)
    return VisionEncoder(name, pretrained=False, **({"frozen": True} | options)).eval()


def _frames(count: int, batch: int = 1) -> torch.Tensor:
    shape = (batch, count, 3, HEIGHT, WIDTH)
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    "name", ["tf_efficientnet_lite0", "test_convnext", "swin_tiny_patch4_window7_224", "swin3d_t"]
)
@pytest.mark.parametrize("frames", [1, 2, 3, 5])
@torch.no_grad()
def test_each_frame_has_features_at_four_strides(name: str, frames: int) -> None:
    encoder = _encoder(name)
    pyramid = encoder(_frames(frames, batch=2))
    expected = [
        (2, frames, channels, HEIGHT // stride, WIDTH // stride)
        for channels, stride in zip(encoder.channels, STRIDES, strict=True)
    ]
    assert [tuple(level.shape) for level in pyramid.levels] == expected


@torch.no_grad()
def test_levels_of_swin_are_those_of_timm_with_channels_first_and_normalised() -> None:
    encoder = _encoder("swin_tiny_patch4_window7_224")
    frames_BTCHW = torch.rand(1, 1, 3, 224, 224)
    torch.manual_seed(0)
    swin = timm.create_model("swin_tiny_patch4_window7_224", features_only=True).eval()
    images = (frames_BTCHW[0] - encoder.mean) / encoder.std
    for level_BTCHW, level_FHWC in zip(encoder(frames_BTCHW).levels, swin(images), strict=True):
        expected = torch.nn.functional.layer_norm(level_FHWC, level_FHWC.shape[-1:])
        torch.testing.assert_close(level_BTCHW[0], expected.permute(0, 3, 1, 2))


@torch.no_grad()
def test_batch_normalised_levels_are_left_as_they_are() -> None:
    encoder = _encoder("test_efficientnet")
    frames_BTCHW = _frames(2)
    images = (frames_BTCHW - encoder.mean) / encoder.std
    for level, expected in zip(encoder(frames_BTCHW).levels, encoder.backbone(images), strict=True):
        torch.testing.assert_close(level, expected, atol=0, rtol=0)


@torch.no_grad()
def test_video_swin_is_torchvisions_own_with_every_frame_shown_twice() -> None:
    encoder = _encoder("swin3d_t")
    torch.manual_seed(0)
    whole = swin3d_t(weights=None).eval()
    frames_BTCHW = _frames(3)
    images = (frames_BTCHW - encoder.mean) / encoder.std
    x = whole.patch_embed(images.repeat_interleave(2, dim=1).transpose(1, 2))
    stages = []
    for stage in whole.features:
        x = stage(x)
        if isinstance(stage, torch.nn.Sequential):
            stages.append(x.permute(0, 1, 4, 2, 3))
    for level, expected in zip(encoder.backbone(images), stages, strict=True):
        torch.testing.assert_close(level, expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_frames_see_each_other_in_video_swin_and_not_in_a_backbone_of_images() -> None:
    before, changed = _frames(3), _frames(3)
    changed[:, 2] = 0
    for name, sees in (("swin3d_t", True), ("test_convnext", False)):
        encoder = _encoder(name)
        first, second = (encoder(frames).levels[0][:, 0] for frames in (before, changed))
        assert torch.equal(first, second) is not sees


@pytest.mark.parametrize("name", ["test_convnext", "swin_tiny_patch4_window7_224", "swin3d_t"])
def test_a_trained_backbone_may_recompute_its_activations(name: str) -> None:
    def gradients(recompute: bool) -> tuple[int, list[torch.Tensor]]:
        encoder = _encoder(name, frozen=False, recompute=recompute)
        kept: dict[int, int] = {}

        def keep(tensor: torch.Tensor) -> torch.Tensor:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = sum(level.square().sum() for level in encoder(_frames(1)).levels)
        loss.backward()
        found = {n: p.grad for n, p in encoder.named_parameters() if p.grad is not None}
        return sum(kept.values()), list(found.values())

    kept, expected = gradients(recompute=False)
    kept_less, found = gradients(recompute=True)
    assert len(found) == len(expected) > 10
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
    assert kept_less < kept


def test_statistics_of_batch_normalisation_are_updated_once() -> None:
    def statistics(recompute: bool) -> torch.Tensor:
        encoder = _encoder("test_efficientnet", frozen=False, recompute=recompute).train()
        sum(level.sum() for level in encoder(_frames(2)).levels).backward()
        return torch.cat([b.flatten().double() for b in encoder.backbone.buffers()])

    torch.testing.assert_close(statistics(recompute=True), statistics(recompute=False))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_backbone", "Unknown model"),
        ("vit_tiny_patch16_224", r"strides \[16, 16, 16\], expected 4, 8, 16 and 32"),
        ("hiera_tiny_224", "takes no frames of any size"),
    ],
)
def test_a_backbone_that_does_not_fit_gets_one_line(name: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as raised:
        _encoder(name)
    assert name in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["test_convnext", "swin3d_t"])
def test_weights_that_cannot_be_fetched_get_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", _no_network)
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    with pytest.raises(UserError, match=name) as raised:
        VisionEncoder(name, pretrained=True, frozen=True)
    assert "\n" not in str(raised.value)


def _no_network(*_: object, **__: object) -> None:
    raise OSError("no network")
