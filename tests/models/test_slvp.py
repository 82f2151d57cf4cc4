import pytest
import torch

from slvp.models.heads import FlowOutput, MaskOutput
from slvp.models.text import TextEncoder
from tiny import tiny_model

SENTENCES = ["a dog", "a red car on the left", "the cat"]
CLIP_OF_E = torch.tensor([0, 1, 1])


ALL = {"motion_reach": 2, "class_words": True, "mask_stride": 2, "reads_places": True}


@pytest.fixture(params=[{}, ALL], ids=["plain", "all"])
def extras(request):
    return request.param


@pytest.fixture
def frames_BTCHW():
    return torch.rand(2, 3, 3, 64, 96, generator=torch.Generator().manual_seed(0))


def test_shapes_of_both_heads(fusion, extras, frames_BTCHW):
    queries = 1 if fusion == "vision-as-query" else 3
    masks = tiny_model(fusion=fusion, **extras)(frames_BTCHW, SENTENCES, CLIP_OF_E)
    assert isinstance(masks, MaskOutput)
    side = 64 // extras.get("mask_stride", 4)
    assert masks.logits_ENTHW.shape == (3, queries, 3, side, side * 3 // 2)
    assert masks.presence_ENT.shape == (3, queries, 3)
    flow = tiny_model(fusion=fusion, **extras, head="flow")(frames_BTCHW, SENTENCES, CLIP_OF_E)
    assert isinstance(flow, FlowOutput)
    assert flow.flow_ET2HW.shape == (3, 3, 2, 16, 24)


@torch.no_grad()
def test_an_expression_depends_on_its_own_clip_and_sentence_only(fusion, extras, frames_BTCHW):
    model = tiny_model(fusion=fusion, **extras)
    before = model(frames_BTCHW, SENTENCES, CLIP_OF_E).logits_ENTHW
    changed = frames_BTCHW.clone()
    changed[0] = 0.5
    after = model(changed, SENTENCES, CLIP_OF_E).logits_ENTHW
    torch.testing.assert_close(after[1:], before[1:])
    assert (after[0] - before[0]).abs().max() > 1e-4
    reworded = model(frames_BTCHW, ["a zebra", *SENTENCES[1:]], CLIP_OF_E).logits_ENTHW
    torch.testing.assert_close(reworded[1:], before[1:])
    assert (reworded[0] - before[0]).abs().max() > 1e-4


@torch.no_grad()
def test_padding_of_words_changes_nothing(fusion, extras, frames_BTCHW):
    model = tiny_model(fusion=fusion, **extras)
    together = model(frames_BTCHW, SENTENCES, CLIP_OF_E).logits_ENTHW
    alone = model(frames_BTCHW[:1], SENTENCES[:1], CLIP_OF_E[:1]).logits_ENTHW
    torch.testing.assert_close(alone[0], together[0], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_the_scale_of_features_drowns_places_unless_a_model_reads_them(fusion, frames_BTCHW):
    """A backbone whose last stages give 1,000 times as much, as some do, is read the same."""

    def change(**options):
        model = tiny_model(fusion=fusion, motion_reach=2, **options)
        before = model(frames_BTCHW, SENTENCES, CLIP_OF_E).logits_ENTHW
        model.vision.backbone.register_forward_hook(
            lambda _, inputs, levels: [1000 * level for level in levels]
        )
        return (model(frames_BTCHW, SENTENCES, CLIP_OF_E).logits_ENTHW - before).abs().max()

    assert change(reads_places=True) < 0.05
    assert change() > 0.1


@torch.no_grad()
def test_class_words_are_of_features_as_the_backbone_gives_them(frames_BTCHW):
    plain, placed = tiny_model(class_words=True), tiny_model(class_words=True, reads_places=True)
    placed.class_words.load_state_dict(plain.class_words.state_dict())
    placed.vision.load_state_dict(plain.vision.state_dict())
    named = [model.encode_vision(frames_BTCHW).named_BTCHW for model in (plain, placed)]
    torch.testing.assert_close(*named)


@torch.no_grad()
def test_frames_of_a_clip_see_each_other(fusion, extras, frames_BTCHW):
    model = tiny_model(fusion=fusion, **extras)
    before = model(frames_BTCHW, SENTENCES, CLIP_OF_E).logits_ENTHW
    changed = frames_BTCHW.clone()
    changed[:, 2] = 0
    after = model(changed, SENTENCES, CLIP_OF_E).logits_ENTHW
    assert (after[:, :, 0] - before[:, :, 0]).abs().max() > 1e-5


def test_every_trained_tensor_gets_a_gradient(fusion, extras, frames_BTCHW):
    for head in ("mask", "flow"):
        model = tiny_model(fusion=fusion, **extras, head=head).train()
        output = model(frames_BTCHW, SENTENCES, CLIP_OF_E)
        if isinstance(output, MaskOutput):
            loss = output.logits_ENTHW.square().sum() + output.presence_ENT.square().sum()
        else:
            loss = output.flow_ET2HW.square().sum()
        loss.backward()
        without = [
            name
            for name, parameter in model.named_parameters()
            if parameter.requires_grad and parameter.grad is None and not name.startswith("vision")
        ]
        # The flow heads don't need the sentence's summary that the presence score reads.
        expected = {"fusion.sentence.weight", "fusion.sentence.bias"}
        assert set(without) <= (expected if head == "flow" else set())


def test_recomputed_activations_give_the_same_gradients_from_less_memory(fusion, frames_BTCHW):
    def step(again: bool):
        kept = {}

        def keep(tensor):
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        changes = {"vision_frozen": True, "head": "flow", "checkpoint_activations": again}
        model = tiny_model(fusion=fusion, **changes).train()
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            flow = model(frames_BTCHW, SENTENCES, CLIP_OF_E).flow_ET2HW
        flow.square().sum().backward()
        gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
        return flow, gradients, sum(kept.values())

    flow, gradients, kept = step(again=False)
    again_flow, again_gradients, again_kept = step(again=True)
    torch.testing.assert_close(again_flow, flow, atol=0, rtol=0)
    torch.testing.assert_close(again_gradients, gradients)
    assert again_kept < 0.7 * kept


def test_a_frozen_backbone_is_neither_trained_nor_stored():
    model = tiny_model(vision_frozen=True).train()
    assert not model.vision.backbone.training
    assert all(not p.requires_grad for p in model.vision.parameters())
    # Random and frozen: nobody could name these weights, so they are stored.
    assert any(name.startswith("vision.") for name in model.stored_state())
    assert not any("text" in name for name in model.stored_state())


def test_sentences_are_encoded_once_and_alike():
    encoder = TextEncoder("sentence-transformers/all-MiniLM-L6-v2")
    words = encoder(["a dog", "a brown dog that runs", "a dog"])
    assert words.mask_EL.sum(-1).tolist() == [4, 7, 4]
    torch.testing.assert_close(words.words_ELC[0], words.words_ELC[2])
    assert (words.words_ELC[~words.mask_EL] == 0).all()
    alone = encoder(["a dog"])
    torch.testing.assert_close(alone.sentence_EC[0], words.sentence_EC[0])


@torch.no_grad()
def test_a_pyramid_can_be_cut_and_joined_again(frames_BTCHW):
    pyramid = tiny_model(**ALL).encode_vision(frames_BTCHW)
    first = tiny_model(**ALL).encode_vision(frames_BTCHW[:, :1])
    joined = first.followed_by(pyramid.after(1))
    assert joined.frames == pyramid.frames == pyramid.after(1).frames + 1
    torch.testing.assert_close(joined.levels, pyramid.levels)
    torch.testing.assert_close(joined.outlines_BTCHW, pyramid.outlines_BTCHW)
    torch.testing.assert_close(joined.named_BTCHW, pyramid.named_BTCHW)


@torch.no_grad()
def test_a_frame_of_one_coarse_place_has_an_answer(fusion, extras):
    logits_ENTHW = tiny_model(fusion=fusion, **extras)(
        torch.rand(1, 2, 3, 32, 32), ["a dog"], torch.tensor([0])
    ).logits_ENTHW
    assert torch.isfinite(logits_ENTHW).all()
