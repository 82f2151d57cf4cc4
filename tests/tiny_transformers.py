"""Folders of tiny transformers models with random weights, laid out as those of the hub."""

import string
from pathlib import Path

import torch

WORDS = ("a", "the", "red", "blue", "green", "car", "dog", "left", "right", "small", "that", "runs")


def _bert_tokenizer():
    from transformers import BertTokenizer

    # Grounding DINO knows these by number; see SPECIAL_TOKENS in transformers' model.
    at = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]"}
    at |= {1010: ",", 1012: ".", 1029: "?"} | dict(enumerate(WORDS, start=1030))
    at |= dict(enumerate(string.ascii_lowercase, start=1030 + len(WORDS)))
    at |= dict(enumerate((f"##{letter}" for letter in string.ascii_lowercase), start=1080))
    size = max(at) + 1
    return BertTokenizer(
        vocab={at.get(number, f"[unused{number}]"): number for number in range(size)}
    )


def _clip_tokenizer(length: int):
    from transformers import CLIPTokenizer

    letters = "!" + string.ascii_lowercase + string.digits + ",.?'"
    merges = [("r", "e"), ("re", "d</w>"), ("c", "a"), ("ca", "r</w>"), ("d", "o"), ("do", "g</w>")]
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), *map("".join, merges)]
    # As in the real vocabulary: '!' is number 0, with which OWL pads, and the end has the highest.
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(
        vocab={piece: number for number, piece in enumerate(pieces)},
        merges=merges,
        pad_token="!",
        model_max_length=length,
    )


def _swin():
    from transformers import SwinConfig

    return SwinConfig(
        image_size=64,
        patch_size=4,
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        window_size=2,
        out_indices=[2, 3, 4],
    )


def _save(folder: Path, model, processor) -> Path:
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _spread(model, scale: float = 0.3) -> None:
    """Make random weights larger: what they answer shall depend on what they are shown."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=scale)


def grounding_dino(folder: Path, seed: int = 0) -> Path:
    from transformers import (
        BertConfig,
        GroundingDinoConfig,
        GroundingDinoForObjectDetection,
        GroundingDinoImageProcessor,
        GroundingDinoProcessor,
    )

    torch.manual_seed(seed)
    tokenizer = _bert_tokenizer()
    config = GroundingDinoConfig(
        backbone_config=_swin(),
        text_config=BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
        ),
        num_queries=10,
        d_model=32,
        encoder_layers=1,
        encoder_ffn_dim=16,
        encoder_attention_heads=4,
        decoder_layers=2,
        decoder_ffn_dim=16,
        decoder_attention_heads=4,
        max_text_len=64,
        num_feature_levels=4,
    )
    model = GroundingDinoForObjectDetection(config)
    _spread(model, 0.1)
    pictures = GroundingDinoImageProcessor(size={"shortest_edge": 96, "longest_edge": 128})
    return _save(folder, model, GroundingDinoProcessor(pictures, tokenizer))


def owlv2(folder: Path, seed: int = 0) -> Path:
    from transformers import (
        Owlv2Config,
        Owlv2ForObjectDetection,
        Owlv2ImageProcessor,
        Owlv2Processor,
    )

    torch.manual_seed(seed)
    tokenizer = _clip_tokenizer(16)
    layers = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    ends = {"bos_token_id": len(tokenizer) - 2, "eos_token_id": len(tokenizer) - 1}
    config = Owlv2Config(
        text_config={"vocab_size": len(tokenizer), "hidden_size": 16, **layers, **ends},
        vision_config={"image_size": 64, "patch_size": 16, "hidden_size": 16, **layers},
        projection_dim=16,
    )
    model = Owlv2ForObjectDetection(config)
    _spread(model)
    pictures = Owlv2ImageProcessor(size={"height": 64, "width": 64})
    return _save(folder, model, Owlv2Processor(pictures, tokenizer))


def omdet_turbo(folder: Path, seed: int = 0) -> Path:
    from transformers import (
        CLIPTextConfig,
        DetrImageProcessor,
        OmDetTurboConfig,
        OmDetTurboForObjectDetection,
        OmDetTurboProcessor,
    )

    torch.manual_seed(seed)
    tokenizer = _clip_tokenizer(77)
    config = OmDetTurboConfig(
        text_config=CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            projection_dim=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            bos_token_id=len(tokenizer) - 2,
            eos_token_id=len(tokenizer) - 1,
        ),
        backbone_config=_swin(),
        apply_layernorm_after_vision_backbone=False,
        image_size=64,
        num_queries=10,
        text_projection_in_dim=16,
        text_projection_out_dim=16,
        task_encoder_hidden_dim=16,
        class_embed_dim=16,
        encoder_hidden_dim=32,
        encoder_in_channels=(16, 32, 64),
        vision_features_channels=(32, 32, 32),
        encoder_attention_heads=4,
        encoder_dim_feedforward=16,
        decoder_hidden_dim=32,
        decoder_num_heads=4,
        decoder_num_layers=1,
        decoder_dim_feedforward=16,
    )
    model = OmDetTurboForObjectDetection(config)
    _spread(model, 0.1)
    pictures = DetrImageProcessor(size={"height": 64, "width": 64}, do_pad=False)
    return _save(folder, model, OmDetTurboProcessor(pictures, tokenizer))


def sam(folder: Path, seed: int = 0) -> Path:
    from transformers import SamConfig, SamImageProcessor, SamModel, SamProcessor

    torch.manual_seed(seed)
    config = SamConfig(
        vision_config={
            "hidden_size": 16,
            "output_channels": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 64,
            "patch_size": 8,
            "window_size": 4,
            "global_attn_indexes": [0],
            "num_pos_feats": 8,
            "mlp_dim": 16,
        },
        prompt_encoder_config={"hidden_size": 16, "image_size": 64, "patch_size": 8},
        mask_decoder_config={
            "hidden_size": 16,
            "mlp_dim": 16,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
        },
    )
    model = SamModel(config)
    _spread(model)
    pictures = SamImageProcessor(size={"longest_edge": 64}, pad_size={"height": 64, "width": 64})
    return _save(folder, model, SamProcessor(pictures))


def _sam2_parts() -> dict:
    return {
        "vision_config": {
            "backbone_config": {
                "model_type": "sam2_hiera_det_model",
                "hidden_size": 8,
                "image_size": [64, 64],
                "blocks_per_stage": [1, 1, 2, 1],
                "embed_dim_per_stage": [8, 16, 32, 64],
                "num_attention_heads_per_stage": [1, 1, 1, 1],
                "window_size_per_stage": [8, 4, 2, 1],
                "global_attention_blocks": [3],
            },
            "backbone_channel_list": [64, 32, 16, 8],
            "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
            "fpn_hidden_size": 128,
        },
        "prompt_encoder_config": {"hidden_size": 128, "image_size": 64},
        "mask_decoder_config": {
            "hidden_size": 128,
            "mlp_dim": 16,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
        },
    }


def sam2(folder: Path, seed: int = 0) -> Path:
    from transformers import Sam2Config, Sam2ImageProcessor, Sam2Model, Sam2Processor

    torch.manual_seed(seed)
    model = Sam2Model(Sam2Config(**_sam2_parts()))
    _spread(model, 0.1)
    pictures = Sam2ImageProcessor(size={"height": 64, "width": 64})
    return _save(folder, model, Sam2Processor(pictures))


def sam2_video(folder: Path, seed: int = 0) -> Path:
    """As those of the hub are saved, whether used for pictures or for videos.

    The score of an object's being there is set to be high.
    """
    from transformers import (
        Sam2ImageProcessor,
        Sam2VideoConfig,
        Sam2VideoModel,
        Sam2VideoProcessor,
        Sam2VideoVideoProcessor,
    )

    torch.manual_seed(seed)
    config = Sam2VideoConfig(
        **_sam2_parts(),
        image_size=64,
        num_maskmem=3,
        max_object_pointers_in_encoder=5,
        memory_attention_hidden_size=128,
        memory_attention_num_layers=1,
        memory_attention_feed_forward_hidden_size=16,
        memory_attention_rope_feat_sizes=[4, 4],
        memory_encoder_hidden_size=128,
        memory_encoder_output_channels=64,  # what its memory attention takes, whatever is set
        mask_downsampler_embed_dim=128,
        memory_fuser_embed_dim=128,
        memory_fuser_intermediate_dim=16,
        memory_fuser_num_layers=1,
    )
    model = Sam2VideoModel(config)
    _spread(model, 0.1)
    torch.nn.init.constant_(model.mask_decoder.pred_obj_score_head.proj_out.bias, 100.0)
    size = {"height": 64, "width": 64}
    processor = Sam2VideoProcessor(
        Sam2ImageProcessor(size=size), Sam2VideoVideoProcessor(size=size), target_size=64
    )
    return _save(folder, model, processor)


def sam_hq(folder: Path, seed: int = 0) -> Path:
    from transformers import SamHQConfig, SamHQModel, SamHQProcessor, SamImageProcessor

    torch.manual_seed(seed)
    config = SamHQConfig(
        vision_config={
            "hidden_size": 16,
            "output_channels": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 64,
            "patch_size": 8,
            "window_size": 4,
            "global_attn_indexes": [1],
            "num_pos_feats": 8,
            "mlp_dim": 16,
        },
        prompt_encoder_config={"hidden_size": 16, "image_size": 64, "patch_size": 8},
        mask_decoder_config={
            "hidden_size": 16,
            "mlp_dim": 16,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
            "vit_dim": 16,
        },
    )
    model = SamHQModel(config)
    _spread(model)
    pictures = SamImageProcessor(size={"longest_edge": 64}, pad_size={"height": 64, "width": 64})
    return _save(folder, model, SamHQProcessor(pictures))


MAKERS = {
    maker.__name__: maker
    for maker in (grounding_dino, owlv2, omdet_turbo, sam, sam_hq, sam2, sam2_video)
}
"""What writes a model to a folder, by its kind."""
