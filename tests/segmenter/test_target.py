import torch

from slvp.segmenter.target import TargetModel

generator = torch.Generator().manual_seed(0)


def places(object_places: int, colour: float):
    """60 places of 4 features and 1; the object's differ in the first of them."""
    share_P = torch.zeros(60)
    share_P[:object_places] = 1
    features_PC = 0.1 * torch.randn(60, 5, generator=generator)
    features_PC[:, 0] += colour * share_P
    features_PC[:, 4] = 1
    return features_PC, share_P


def test_the_object_is_told_from_what_is_around_it():
    model = TargetModel(*places(20, 1.0))
    features_PC, share_P = places(30, 1.0)
    for told_P in model.tell(features_PC):
        assert ((told_P > 0) == (share_P > 0)).all()


def test_later_frames_are_learnt_from_and_the_first_stays_known():
    model = TargetModel(*places(20, 1.0))
    turned_PC, share_P = places(20, -1.0)
    _, before_P = model.tell(turned_PC)
    for _ in range(30):
        model.learn(turned_PC, share_P)
    newest_P, first_P = model.tell(turned_PC)
    assert newest_P[:20].mean() > first_P[:20].mean() + 0.5
    torch.testing.assert_close(first_P, before_P)


def test_a_frame_without_the_object_or_without_certainty_teaches_nothing():
    model = TargetModel(*places(20, 1.0))
    features_PC, _ = places(20, 1.0)
    before = [told_P.clone() for told_P in model.tell(features_PC)]
    model.learn(features_PC, torch.zeros(60))
    model.learn(features_PC, torch.full((60,), 0.6))
    for then_P, now_P in zip(before, model.tell(features_PC), strict=True):
        torch.testing.assert_close(then_P, now_P)
