"""Exports a small network in the ways that docs/export.md describes, and counts what each leaves of its BatchNorms.

    python tasks/export/check.py [--all]

Runs the ways whose Python packages are at hand (torch, onnx, onnxscript, onnxruntime; tensorflow
with tf2onnx; paddle with paddle2onnx) and says which it skipped; `--all` makes a skipped way an error. Ends with 1 where a count is not the one that
docs/export.md states.
"""

import collections
import importlib.util
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime reads it as it is imported

#: BatchNormalization nodes (or what they became) that docs/export.md states, by way.
STATED = {
    "torch, dynamo=False, training=TRAINING, no folding": {"Conv": 3, "BatchNormalization": 3},
    "torch, dynamo=False, training=PRESERVE in eval()": {"Conv": 3, "BatchNormalization": 3},
    "torch, dynamo=False, default": {"Conv": 3, "BatchNormalization": 0},
    "torch, dynamo=True, optimize=False": {"Conv": 3, "BatchNormalization": 3},
    "torch, dynamo=True, default": {"Conv": 3, "BatchNormalization": 0},
    "onnxruntime, basic": {"Conv": 3, "BatchNormalization": 0},
    "tf2onnx, from_function": {"Conv": 3, "BatchNormalization": 0},
    "keras, model.export": {"Conv": 3, "BatchNormalization": 0},
    "paddle, paddle.onnx.export": {"Conv": 3, "BatchNormalization": 3},
}


def has(*modules):
    return all(importlib.util.find_spec(module) for module in modules)


def counts(path):
    import onnx

    model = onnx.load(path)
    ops = collections.Counter(node.op_type for node in model.graph.node)
    training = [
        attribute.i
        for node in model.graph.node
        if node.op_type == "BatchNormalization"
        for attribute in node.attribute
        if attribute.name == "training_mode"
    ]
    return {"Conv": ops["Conv"], "BatchNormalization": ops["BatchNormalization"]}, any(training)


def network():
    import torch
    from torch import nn

    def block(before, after):
        return [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]

    model = nn.Sequential(*block(3, 8), *block(8, 8), *block(8, 8))
    model(torch.randn(4, 3, 16, 16))  # one pass in training mode, for statistics that are not 0 and 1
    return model.eval()


def torch_ways(folder):
    import torch

    model, x = network(), torch.randn(1, 3, 16, 16)

    def export(name, **options):
        path = folder / "model.onnx"
        torch.onnx.export(model, (x,), path, input_names=["input"], output_names=["output"], opset_version=18, **options)
        model.eval()
        return name, path

    mode = torch.onnx.TrainingMode
    yield export("torch, dynamo=False, default", dynamo=False)
    yield export("torch, dynamo=False, training=PRESERVE in eval()", dynamo=False, training=mode.PRESERVE, do_constant_folding=False)
    yield export("torch, dynamo=False, training=TRAINING, no folding", dynamo=False, training=mode.TRAINING, do_constant_folding=False)
    yield export("torch, dynamo=True, default", dynamo=True)
    yield export("torch, dynamo=True, optimize=False", dynamo=True, optimize=False)


def runtime_way(folder):
    import onnxruntime
    import torch

    plain, folded = folder / "plain.onnx", folder / "folded.onnx"
    mode = torch.onnx.TrainingMode.PRESERVE
    torch.onnx.export(network(), (torch.randn(1, 3, 16, 16),), plain, dynamo=False, training=mode, do_constant_folding=False)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folded)
    onnxruntime.InferenceSession(plain, options, providers=["CPUExecutionProvider"])
    yield "onnxruntime, basic", folded


def keras_ways(folder):
    import numpy
    import tensorflow
    import tf2onnx
    from tensorflow import keras

    x = image = keras.Input((16, 16, 3))
    for _ in range(3):
        x = keras.layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    model, random = keras.Model(image, x), numpy.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.random(8) + 0.5, random.random(8), random.random(8), random.random(8) + 0.5])
    path = folder / "function.onnx"
    signature = (tensorflow.TensorSpec((None, 16, 16, 3), tensorflow.float32),)
    call = tensorflow.function(lambda x: model(x, training=False))
    tf2onnx.convert.from_function(call, input_signature=signature, opset=17, output_path=str(path))
    yield "tf2onnx, from_function", path
    path = folder / "keras.onnx"
    model.export(str(path), format="onnx")
    yield "keras, model.export", path


def paddle_way(folder):
    import paddle
    from paddle import nn

    def block(before, after):
        return [nn.Conv2D(before, after, 3, padding=1, bias_attr=False), nn.BatchNorm2D(after), nn.ReLU()]

    model = nn.Sequential(*block(3, 8), *block(8, 8), *block(8, 8))
    model(paddle.randn([4, 3, 16, 16]))
    model.eval()
    spec = paddle.static.InputSpec([1, 3, 16, 16], "float32", "input")
    paddle.onnx.export(model, str(folder / "paddle"), input_spec=[spec], opset_version=14)
    yield "paddle, paddle.onnx.export", folder / "paddle.onnx"


def main():
    wrong = skipped = 0
    for needs, ways in [(("torch", "onnx", "onnxscript"), torch_ways), (("torch", "onnx", "onnxruntime"), runtime_way),
                        (("tensorflow", "tf2onnx", "onnx"), keras_ways),
                        (("paddle", "paddle2onnx", "onnx"), paddle_way)]:
        if not has(*needs):
            print(f"skipped, not installed: {', '.join(needs)}")
            skipped += 1
            continue
        with tempfile.TemporaryDirectory() as folder:
            for name, path in ways(Path(folder)):
                found, training = counts(path)
                ok = found == STATED[name]
                wrong += not ok
                print(f"{'ok   ' if ok else 'WRONG'} {name}: {found}{', in training mode' if training else ''}"
                      f"{'' if ok else f', stated {STATED[name]}'}")
    return 1 if wrong or (skipped and "--all" in sys.argv) else 0


if __name__ == "__main__":
    sys.exit(main())
