"""The originals that `tasks/check_networks.py` compares the networks of `build` with, as torch modules with one input."""

import functools

import timm
import torch
import torchvision
from torch import nn

import reference_detectors as detectors
import reference_modules as modules


def causal_mask(length):
    return torch.full((length, length), torch.finfo(torch.float32).min).triu(1)[None, None]


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        from transformers import BertConfig
        from transformers.models.bert.modeling_bert import BertEncoder

        self.encoder = BertEncoder(
            BertConfig(
                hidden_size=256,
                num_hidden_layers=4,
                num_attention_heads=4,
                intermediate_size=1024,
                attn_implementation="eager",
            )
        )

    def forward(self, x):
        return self.encoder(x)[0]


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        from transformers import GPT2Config
        from transformers.models.gpt2.modeling_gpt2 import GPT2Block

        config = GPT2Config(n_embd=256, n_layer=4, n_head=4, n_positions=128, attn_implementation="eager")
        self.register_buffer("mask", causal_mask(128), persistent=False)
        self.h = nn.ModuleList(GPT2Block(config, index) for index in range(4))
        self.ln_f = nn.LayerNorm(256)

    def forward(self, x):
        for block in self.h:
            x = block(x, attention_mask=self.mask)
            x = x[0] if isinstance(x, tuple) else x
        return self.ln_f(x)


class Llama(nn.Module):
    def __init__(self):
        super().__init__()
        from transformers import LlamaConfig
        from transformers.models.llama import modeling_llama as llama

        config = LlamaConfig(
            hidden_size=256,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=4,
            intermediate_size=688,
            attn_implementation="eager",
        )
        self.register_buffer("mask", causal_mask(128), persistent=False)
        self.layers = nn.ModuleList(llama.LlamaDecoderLayer(config, index) for index in range(4))
        self.norm = llama.LlamaRMSNorm(256, eps=config.rms_norm_eps)
        self.rotary_emb = llama.LlamaRotaryEmbedding(config)

    def forward(self, x):
        positions = torch.arange(x.shape[1])[None]
        rotary = self.rotary_emb(x, positions)
        for layer in self.layers:
            x = layer(x, attention_mask=self.mask, position_embeddings=rotary, position_ids=positions)
            x = x[0] if isinstance(x, tuple) else x
        return self.norm(x)


class Wav2vecStem(nn.Module):
    def __init__(self):
        super().__init__()
        from transformers import Wav2Vec2Config
        from transformers.models.wav2vec2.modeling_wav2vec2 import Wav2Vec2FeatureEncoder

        self.feature_extractor = Wav2Vec2FeatureEncoder(Wav2Vec2Config())

    def forward(self, x):
        return self.feature_extractor(x)


def minilm():
    """all-MiniLM-L6-v2 without pooling: the last hidden states. Zeros are padding."""
    from transformers import BertConfig, BertModel

    class Minilm(BertModel):
        def forward(self, x):
            return super().forward(input_ids=x, attention_mask=(x != 0).long()).last_hidden_state

    sizes = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536}
    return Minilm(BertConfig(**sizes, attn_implementation="eager"), add_pooling_layer=False)


def ids():
    """Two texts, the second one shorter."""
    x = torch.randint(1000, 30522, (2, 16), generator=torch.Generator().manual_seed(0))
    x[1, 11:] = 0
    return x


IMAGE = (1, 3, 224, 224)
TOKENS = (1, 128, 256)
TIMM = ["vit_tiny_patch16_224", "convnext_atto", "mixer_s16_224", "poolformer_s12", "efficientformer_l1", "repvit_m0_9", "fastvit_t8"]

REFERENCES = {
    "bert_encoder": (Bert, TOKENS),
    "gpt_blocks": (Gpt, TOKENS),
    "llama_blocks": (Llama, TOKENS),
    **{name: (functools.partial(timm.create_model, name), IMAGE) for name in TIMM},
    "vae_decoder": (modules.VaeDecoder, (1, 4, 32, 32)),
    "gan_discriminator": (modules.Discriminator, (16, 3, 64, 64)),  # one output each: of a single one the error is chance
    "quartznet_5x5": (modules.QuartzNet, (1, 64, 400)),
    "wav2vec2_stem": (Wav2vecStem, (1, 16000)),
    "ecg_resnet1d": (modules.EcgResnet, (1, 12, 4096)),
    "r2plus1d_18": (torchvision.models.video.r2plus1d_18, (1, 3, 8, 112, 112)),
    "yolov5s_focus": (detectors.yolov5_focus, (1, 3, 320, 320)),
    "einsum_blocks": (modules.EinsumBlocks, TOKENS),
    "crnn_lstm": (modules.Crnn, (1, 1, 32, 100)),
    "iresnet50": (modules.Iresnet, (1, 3, 112, 112)),
    "mtcnn_pnet": (modules.Pnet, (1, 3, 120, 160)),
    "mtcnn_rnet": (modules.Rnet, (16, 3, 24, 24)),
    "mtcnn_onet": (modules.Onet, (16, 3, 48, 48)),
    "yolov8n": (functools.partial(detectors.yolov8n, 320), (1, 3, 320, 320)),
    "red_net10": (modules.RedNet, (1, 3, 128, 128)),
    "byte_classifier": (modules.ByteClassifier, (1, 1024)),
    "resnext29_branches": (modules.ResnextBranches, (1, 3, 32, 32)),
    "dilated_context": (modules.DilatedContext, (1, 3, 128, 128)),
    "unet": (modules.UNet, (1, 3, 256, 256)),
    "lora_transformer": (modules.LoraTransformer, TOKENS),
    "minilm_l6": (minilm, ids()),
}
"""An original, and the shape of its input or an input, by the name of the network."""

WRITTEN_OTHERWISE = {
    "dilated_context": "as tf2onnx writes dilated convolutions",
    "lora_transformer": "without the arithmetic of its dynamic sizes",
    "minilm_l6": "without the arithmetic of its dynamic sizes and of its mask",
}
"""Networks that are built with other nodes than the exporter's: their parameters and outputs are compared, and no nodes."""
