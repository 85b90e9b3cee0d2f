"""Networks of torchvision, timm and Hugging Face, and the other originals, with random weights, for tasks/torch/check.ts.

    python networks.py facts                      names, shapes and counts of every state dict, as JSON
    python networks.py cases                      what `make` can make
    python networks.py make                       reads lines `CASE FOLDER FORMAT` and writes weights.<format>, input.bin,
                                                  output.bin (eager), exact.bin (in float64) and case.json to FOLDER;
                                                  of `npm:…` weights.safetensors is there, float16

Each network gets scales, shifts and (from one pass in training mode) statistics as after training.
"""

import hashlib
import json
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from reference_networks import REFERENCES

CLASSIFIERS = """resnet18 resnet34 resnet50 resnet101 resnet152 resnext50_32x4d wide_resnet50_2 densenet121 densenet161
densenet169 densenet201 vgg11_bn vgg13_bn vgg16_bn vgg19_bn mobilenet_v2 mobilenet_v3_small mobilenet_v3_large
efficientnet_b0 efficientnet_v2_s inception_v3 googlenet shufflenet_v2_x1_0 regnet_y_400mf convnext_tiny swin_t""".split()
SIZES = {"resnet101": 256, "efficientnet_v2_s": 384, "inception_v3": 299}
OTHERS = {
    "r3d_18": (3, 16, 112, 112),
    "r2plus1d_18": (3, 16, 112, 112),
    "deeplabv3_mobilenet_v3_large": (3, 520, 520),
    "dcgan_generator": (100, 1, 1),
}
TIMM = {
    **{name: name for name in """resnet18 resnet34 resnet50 resnet101 resnet152 resnext50_32x4d wide_resnet50_2 densenet121
    densenet161 densenet169 densenet201 vgg11_bn vgg13_bn vgg16_bn vgg19_bn efficientnet_b0 inception_v3 convnext_tiny
    repvgg_a0 mobileone_s0 vit_tiny_patch16_224 convnext_atto poolformer_s12 efficientformer_l1 repvit_m0_9
    fastvit_t8""".split()},
    "mobilenet_v2": "mobilenetv2_100",
    "mobilenet_v3_large": "mobilenetv3_large_100",
    "mobilenet_v3_small": "mobilenetv3_small_100",
    "regnet_y_400mf": "regnety_004",
    "swin_t": "swin_tiny_patch4_window7_224",
    "mixer_s16_224": "mixer_s16_224",
}
TIMM_TENSORFLOW = ["mobilenet_v3_large", "mobilenet_v3_small", "efficientnet_b0"]
HUGGING_FACE = ["resnet18", "resnet50", "regnet_y_400mf", "mobilenet_v2", "convnext_tiny", "swin_t"]
ORIGINALS = [name for name in REFERENCES if name not in TIMM and name not in OTHERS]


def shape_of(source, name):
    """Of one input, without the batch."""
    if source == "original" and not torch.is_tensor(REFERENCES[name][1]):
        return REFERENCES[name][1][1:]
    return OTHERS.get(name) or (3, SIZES.get(name, 224), SIZES.get(name, 224))


def torchvision_network(name):
    import torchvision

    if name == "dcgan_generator":
        return dcgan_generator()
    options = {"init_weights": True} if name in ("inception_v3", "googlenet") else {}
    if name.startswith("deeplabv3"):
        options = {"weights_backbone": None, "aux_loss": True}
    return torchvision.models.get_model(name, weights=None, **options)


def dcgan_generator():
    """The generator of PyTorch's example (https://github.com/pytorch/examples/tree/main/dcgan): nz 100, ngf 64, nc 3."""
    from torch import nn

    layers, before = [], 100
    for index, width in enumerate([512, 256, 128, 64]):
        window = (4, 1, 0) if index == 0 else (4, 2, 1)
        layers += [nn.ConvTranspose2d(before, width, *window, bias=False), nn.BatchNorm2d(width), nn.ReLU(True)]
        before = width
    layers += [nn.ConvTranspose2d(before, 3, 4, 2, 1, bias=False), nn.Tanh()]
    network = nn.Module()
    network.main = nn.Sequential(*layers)
    network.forward = network.main.forward
    return network


def timm_network(name):
    import timm

    return timm.create_model(TIMM[name], pretrained=False)


def timm_tensorflow_network(name):
    import timm

    return timm.create_model(f"tf_{TIMM[name]}", pretrained=False)


def hugging_face_network(name):
    import transformers as hf

    if name.startswith("resnet"):
        small = {"depths": [2, 2, 2, 2], "hidden_sizes": [64, 128, 256, 512], "layer_type": "basic"}
        return hf.ResNetForImageClassification(hf.ResNetConfig(num_labels=1000, **(small if name == "resnet18" else {})))
    if name == "mobilenet_v2":
        return hf.MobileNetV2ForImageClassification(hf.MobileNetV2Config(num_labels=1001))
    if name == "convnext_tiny":
        return hf.ConvNextForImageClassification(hf.ConvNextConfig(num_labels=1000))
    if name == "swin_t":
        return hf.SwinForImageClassification(hf.SwinConfig(num_labels=1000))
    sizes = {"depths": [1, 3, 6, 6], "hidden_sizes": [48, 104, 208, 440], "groups_width": 8, "layer_type": "y"}
    return hf.RegNetForImageClassification(hf.RegNetConfig(num_labels=1000, **sizes))


def original(name):
    return REFERENCES[name][0]()


MAKERS = {
    "torchvision": torchvision_network,
    "timm": timm_network,
    "timm_tf": timm_tensorflow_network,
    "hugging_face": hugging_face_network,
    "original": original,
    "npm": original,
}


def output_of(network, x):
    """Its output; of several, all of them one after another."""
    y = network(x)
    if isinstance(y, torch.Tensor):
        return y
    if hasattr(y, "keys"):
        return y["out"] if "out" in y else y["logits"]
    return torch.cat([part.flatten() for part in y])


def input_of(source, name):
    if source not in ("original", "npm"):
        return torch.randn(1, *shape_of(source, name))
    given = REFERENCES[name][1]
    return given if torch.is_tensor(given) else torch.randn(given)


@torch.no_grad()
def trained(network, shape):
    """Scales, shifts and statistics as after training; a fresh network's are 1, 0, 0 and 1."""
    batch_norms = [module for module in network.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
    for module in batch_norms:
        module.weight.uniform_(0.5, 1.5)
        module.bias.normal_(0, 0.1)
        module.momentum = 1.0
    for module in network.modules():
        if isinstance(module, (torch.nn.LayerNorm, torch.nn.GroupNorm)):
            module.weight.uniform_(0.5, 1.5)
            module.bias.normal_(0, 0.1)
    for name, parameter in network.named_parameters():
        if name.endswith(("layer_scale", "gamma", "layer_scale_parameter")):
            parameter.uniform_(0.1, 0.5)
        elif parameter.dim() > 1 and not parameter.any():  # a last layer that begins at zero, which would hide all others
            parameter.normal_(0, 0.02)
    if batch_norms or any(hasattr(module, "weight_u") for module in network.modules()):  # spectral norms have vectors, too
        network.train()
        network(torch.randn(4, *shape))
    return network.eval()


def with_weights(network, path):
    """The network with all its weights out of a file that may have more."""
    from safetensors.torch import load_file

    missing, _ = network.load_state_dict({key: value.float() for key, value in load_file(path).items()}, strict=False)
    if missing:
        raise KeyError(f"{path}: without {missing}")
    return network.eval()


def make(case, folder, file_format):
    source, name = case.split(":")
    torch.manual_seed(16)
    path = folder / f"weights.{file_format}"
    network = MAKERS[source](name)
    network = with_weights(network, path) if source == "npm" else trained(network, shape_of(source, name))
    x = input_of(source, name)
    with torch.no_grad():
        y = output_of(network, x)
    state = network.state_dict()
    if source == "timm_tf":  # the one sign of it, as the hub lays it out
        (folder / "config.json").write_text(json.dumps({"architecture": f"tf_{TIMM[name]}"}))
    if source == "npm":
        pass  # they came with the case
    elif file_format == "safetensors":
        from safetensors.torch import save_file

        save_file({key: value.contiguous() for key, value in state.items()}, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=file_format == "pth")
    x.numpy().tofile(folder / "input.bin")
    y.contiguous().numpy().tofile(folder / "output.bin")
    with torch.no_grad():
        exact = output_of(network.double(), x.double() if x.is_floating_point() else x)
    exact.float().contiguous().numpy().tofile(folder / "exact.bin")
    (folder / "case.json").write_text(json.dumps({"input": list(x.shape), "type": "float32" if x.is_floating_point() else "int64"}))


def facts():
    """One line a network: parameters, entries of the state dict, and the SHA-256 of `name [shape]` lines in their order."""
    import torchvision

    out = {}
    for name in [*CLASSIFIERS, *OTHERS]:
        network = torchvision_network(name)
        aux = tuple(key for key in ("AuxLogits", "aux1", "aux2", "aux_classifier") if hasattr(network, key))
        lines = [
            f"{key} [{','.join(map(str, value.shape))}]"
            for key, value in network.state_dict().items()
            if not key.endswith(("num_batches_tracked", "relative_position_index")) and not key.startswith(aux or ("\0",))
        ]
        parameters = sum(p.numel() for key, p in network.named_parameters() if not key.startswith(aux or ("\0",)))
        digest = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
        out[name] = {"parameters": parameters, "entries": len(lines), "sha256": digest}
    return {"torchvision": torchvision.__version__, "networks": out}


if __name__ == "__main__":
    if sys.argv[1] == "facts":
        print(json.dumps(facts(), indent=2))
    elif sys.argv[1] == "cases":
        cases = [f"torchvision:{name}" for name in [*CLASSIFIERS, *OTHERS]]
        cases += [f"timm:{name}" for name in TIMM] + [f"hugging_face:{name}" for name in HUGGING_FACE]
        cases += [f"timm_tf:{name}" for name in TIMM_TENSORFLOW]
        cases += [f"original:{name}" for name in ORIGINALS] + ["npm:minilm_l6"]
        print("\n".join(cases))
    elif sys.argv[1] == "versions":
        import timm
        import torchvision
        import transformers

        print(f"torch {torch.__version__}, torchvision {torchvision.__version__}, timm {timm.__version__}, "
              f"transformers {transformers.__version__}")
    else:
        for line in sys.stdin:
            case, folder, file_format = line.split()
            make(case, Path(folder), file_format)
            print("made", flush=True)
