"""Other rewriters of networks, each in a process of its own, for tasks/peers/main.ts.

    python rewrite.py weights ARCHITECTURE OUT.pth     a state dict of torchvision's network, statistics from one pass
    python rewrite.py TOOL IN.onnx OUT.onnx            rewrites a model as the tool's own documentation does it
    python rewrite.py torch.fx ARCHITECTURE WEIGHTS.pth OUT.onnx

The last two print one line of JSON: the seconds from reading the model to having written the result, the peak memory of the process in
MB (10⁶ bytes), both without what the imports take, and the tool's version.
"""

import importlib.metadata
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime reads it as it is imported


def onnxoptimizer(source, target):
    import onnx
    import onnxoptimizer

    def rewrite():
        passes = onnxoptimizer.get_fuse_and_elimination_passes()
        onnx.save(onnxoptimizer.optimize(onnx.load(source), passes, fixed_point=True), target)

    return rewrite


def onnxsim(source, target):
    import onnx
    from onnxsim import simplify

    def rewrite():
        model, is_same = simplify(onnx.load(source))
        assert is_same
        onnx.save(model, target)

    return rewrite


def onnxslim(source, target):
    import onnx
    import onnxslim

    def rewrite():
        onnx.save(onnxslim.slim(onnx.load(source)), target)

    return rewrite


def onnxscript(source, target):
    import onnx
    import onnxscript.optimizer
    import onnxscript.rewriter

    def rewrite():
        model = onnxscript.optimizer.optimize(onnx.load(source))
        onnx.save(onnxscript.rewriter.rewrite(model), target)

    return rewrite


def onnxruntime(source, target):
    import onnxruntime

    def rewrite():
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = target
        onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])

    return rewrite


def module_of(architecture):
    import torch
    import torchvision

    torch.manual_seed(0)
    return torchvision.models.get_model(architecture, weights=None)


def weights(architecture, target):
    import torch

    module = module_of(architecture)
    with torch.no_grad():
        module.train()(torch.randn(8, 3, 224, 224))
    torch.save(module.state_dict(), target)


def torch_fx(architecture, state, target):
    import torch
    from torch.fx.experimental.optimization import fuse

    def rewrite():
        module = module_of(architecture)
        module.load_state_dict(torch.load(state))
        fused = fuse(module.eval())
        # the exporter folds by itself unless it is told not to: what is counted is what torch.fx did
        torch.onnx.export(
            fused, (torch.randn(1, 3, 224, 224),), target, dynamo=False, opset_version=17, do_constant_folding=False,
            training=torch.onnx.TrainingMode.PRESERVE, input_names=["input"], output_names=["output"],
            dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}},
        )

    return rewrite


TOOLS = {
    "onnxoptimizer": onnxoptimizer,
    "onnxsim": onnxsim,
    "onnxslim": onnxslim,
    "onnxscript": onnxscript,
    "onnxruntime": onnxruntime,
    "torch.fx": torch_fx,
}


def memory(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e6
    return None


def main(tool, *paths):
    if tool == "weights":
        return weights(*paths)
    rewrite = TOOLS[tool](*paths)  # imports
    before = memory("VmRSS") if Path("/proc/self/status").exists() else None
    start = time.perf_counter()
    rewrite()
    seconds = time.perf_counter() - start
    peak = memory("VmHWM") - before if before is not None else None
    version = importlib.metadata.version(tool.split(".")[0])
    print(json.dumps({"seconds": seconds, "peakMB": peak, "version": version}))


if __name__ == "__main__":
    main(*sys.argv[1:])
