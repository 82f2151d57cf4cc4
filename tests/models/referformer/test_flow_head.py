import torch

from slvp.models.referformer.flow_head import QueryMotion


def moving(width: int = 8) -> QueryMotion:
    torch.manual_seed(0)
    motion = QueryMotion(width)
    torch.nn.init.normal_(motion.motion[-1].weight)
    return motion


def test_nothing_moves_at_first():
    flow = QueryMotion(8)(torch.randn(1, 2, 3, 4, 4), torch.randn(1, 2, 3, 8)).flow_ET2HW
    assert flow.shape == (1, 2, 2, 4, 4)
    assert (flow == 0).all()


def test_the_scale_of_logits_does_not_matter():
    logits_ETNHW, queries_ETNC = torch.randn(1, 2, 3, 6, 6), torch.randn(1, 2, 3, 8)
    motion = moving()
    flow, same = (motion(s * logits_ETNHW, queries_ETNC).flow_ET2HW for s in (1.0, 300.0))
    torch.testing.assert_close(flow, same, atol=1e-4, rtol=1e-4)


def test_many_places_of_a_layer_learn_even_where_logits_are_far_apart():
    logits_ETNHW = (300 * torch.randn(1, 2, 3, 6, 6)).requires_grad_()
    moving()(logits_ETNHW, torch.randn(1, 2, 3, 8)).flow_ET2HW.square().sum().backward()
    assert logits_ETNHW.grad is not None
    moved_N = (
        (logits_ETNHW.grad.abs() > 1e-3 * logits_ETNHW.grad.abs().max()).float().mean((0, 1, 3, 4))
    )
    assert (moved_N > 0.5).all()
