"""The authors' code with stand-ins for what can't be had: see ``make_expected.py``."""

import sys
import types
from pathlib import Path

import authors_inputs


def official(folder: Path, text: dict[str, int]):
    """Return the authors' ``models``, ``opts`` and ``util.misc`` with what stands in."""
    import transformers

    module = types.ModuleType("MultiScaleDeformableAttention")
    sys.modules["MultiScaleDeformableAttention"] = module
    weight_init = types.ModuleType("fvcore.nn.weight_init")
    weight_init.c2_xavier_fill = lambda module: None
    nn = types.ModuleType("fvcore.nn")
    nn.weight_init = weight_init
    for name, one in (("fvcore", types.ModuleType("fvcore")), ("fvcore.nn", nn)):
        sys.modules[name] = one
    sys.modules["fvcore.nn.weight_init"] = weight_init

    tokenizer_folder = authors_inputs.tokenizer_folder()

    class Tokenizer:
        @staticmethod
        def from_pretrained(name):
            real = transformers.AutoTokenizer.from_pretrained(tokenizer_folder)
            return types.SimpleNamespace(batch_encode_plus=real)

    class Roberta:
        @staticmethod
        def from_pretrained(name):
            base = {"max_position_embeddings": 514, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
            config = transformers.RobertaConfig(**(base | text))
            return transformers.RobertaModel(config)

    import torchvision

    make = {name: getattr(torchvision.models, name) for name in ("resnet50", "resnet101")}
    for name, real in make.items():
        setattr(
            torchvision.models,
            name,
            lambda pretrained, real=real, **options: real(weights=None, **options),
        )
    sys.path.insert(0, str(folder))
    import opts
    from models.ops.functions import ms_deform_attn_func
    from models.ops.modules import ms_deform_attn
    from util import misc

    import models

    class Fallback:
        @staticmethod
        def apply(value, shapes, starts, points, weights, step):
            return ms_deform_attn_func.ms_deform_attn_core_pytorch(value, shapes, points, weights)

    ms_deform_attn.MSDeformAttnFunction = Fallback
    models.referformer.RobertaTokenizerFast = Tokenizer
    models.referformer.RobertaModel = Roberta
    return models, opts, misc


def build(models, opts, backbone: str):
    arguments = opts.get_args_parser().parse_args(
        [
            "--backbone",
            backbone,
            "--binary",
            "--with_box_refine",
            "--freeze_text_encoder",
            "--masks",
            "--device",
            "cpu",
            "--dropout",
            "0",
        ]
    )
    model, criterion, _ = models.build_model(arguments)
    return model, criterion
