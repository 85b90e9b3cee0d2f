"""Compares networks of `build` with their originals in torchvision, timm, transformers or plain torch.

    python tasks/check_networks.py [NAME[@OPSET] ...]

Each network is built, its weights are loaded into the original by their names, and the original is exported by
`torch.onnx.export(dynamo=False)` at the same opset. Then these must be equal: the names and shapes of the state dict, the
parameters, the operators (apart from Constant, and Identity of a parameter), the names and attributes of the nodes, and, to 1e-5 in relative L2 norm, the output
that torch computes in float64 and that ONNX Runtime computes of the built file in float32. Of the few that are written otherwise than
by the exporter, parameters and output. Exit code 1 if anything is not equal. Needs torch, torchvision,
timm, transformers, onnx and onnxruntime (and Deno on the path); no part of this project depends on it.
"""

import collections
import os
import subprocess
import sys
import tempfile
import warnings

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime reads it as it is imported

import numpy
import onnx
import onnxruntime
import torch
from onnx import numpy_helper

from reference_networks import REFERENCES, WRITTEN_OTHERWISE

warnings.filterwarnings("ignore")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEFAULT_OPSETS = (17,)
TOLERANCE = 1e-5


def build(name, opset, path):
    command = ["deno", "run", "-A", os.path.join(ROOT, "src/cli/main.ts"), "build", name, "-o", path, "--opset", str(opset)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return onnx.load(path)


def lstm_parameters(computed):
    """What a state dict has of bidirectional LSTMs, from their initializers in ONNX's order of the gates."""
    found = {}
    for name, tensor in computed.items():
        path, _, kind = name.removeprefix("onnx::").rpartition(".")
        if kind not in ("W", "R", "B"):
            continue
        for way, values in zip(["_l0", "_l0_reverse"], tensor):
            parts = values.chunk(2) if kind == "B" else [values]
            for key, part in zip({"W": ["weight_ih"], "R": ["weight_hh"], "B": ["bias_ih", "bias_hh"]}[kind], parts):
                gates = part.chunk(4)  # input, output, forget, cell; torch: input, forget, cell, output
                found[f"{path}.{key}{way}"] = torch.cat([gates[gate] for gate in (0, 2, 3, 1)])
    return found


def load(module, model):
    """Loads the initializers of a built model into the original; says what does not match."""
    state, problems = module.state_dict(), []
    wanted = {key for key in state if not key.endswith(("num_batches_tracked", "attention_bias_idxs"))}
    stored = {tensor.name: torch.tensor(numpy_helper.to_array(tensor)) for tensor in model.graph.initializer}
    users = collections.defaultdict(set)
    for node in model.graph.node:
        for name in node.input:
            users[name].add(node.op_type)
    stored.update(lstm_parameters({name: stored.pop(name) for name in list(stored) if name.startswith("onnx::")}))
    for name in sorted(wanted - stored.keys()):
        problems.append(f"not built: {name}")
    for name, tensor in stored.items():
        if name in state and name not in wanted:
            if not torch.equal(state[name], tensor):
                problems.append(f"{name}: other values in the original")
            continue
        if name not in wanted:
            problems.append(f"not in the original: {name}")
            continue
        if users[name] == {"MatMul"}:
            tensor = tensor.T
        if tensor.numel() != state[name].numel() or tensor.squeeze().shape != state[name].squeeze().shape:
            problems.append(f"{name}: {list(tensor.shape)} built, {list(state[name].shape)} in the original")
            continue
        state[name].copy_(tensor.reshape(state[name].shape))
    parameters = sum(parameter.numel() for parameter in module.parameters())
    names = {name for name, _ in module.named_parameters()}
    built = sum(tensor.numel() for name, tensor in stored.items() if name in names)
    if parameters != built:
        problems.append(f"{built} parameters built, {parameters} in the original")
    return problems


def nodes(model):
    """Nodes by name, without Constants and without the Identities by which the exporter stores equal parameters once."""
    parameters = {tensor.name for tensor in model.graph.initializer}
    return {
        node.name: node
        for node in model.graph.node
        if node.op_type != "Constant" and not (node.op_type == "Identity" and node.input[0] in parameters)
    }


def attributes(node):
    values = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute if a.name != "value"}
    return {
        name: numpy.float32(value).tolist() if isinstance(value, float) else value
        for name, value in values.items()
        # defaults, which the exporter writes only now and then
        if not (name == "keepdims" and value == 1 or name == "dilations" and "Pool" in node.op_type and set(value) == {1})
    }


def compare_graphs(built, exported):
    problems = []
    count = lambda model: collections.Counter(node.op_type for node in nodes(model).values())
    for op in sorted(count(built).keys() | count(exported).keys()):
        a, b = count(built)[op], count(exported)[op]
        if a != b:
            problems.append(f"{op}: {a} built, {b} exported")
    a, b = nodes(built), nodes(exported)
    # the exporter numbers a few nodes (Unsqueeze_51) instead of naming them by their module; their counts are compared above
    numbered = {node.op_type for name, node in b.items() if "/" not in name}
    problems += [f"no such node exported: {name}" for name in a if name not in b and a[name].op_type not in numbered]
    problems += [f"node not built: {name}" for name in b if name not in a and "/" in name]
    for name in a.keys() & b.keys():
        if attributes(a[name]) != attributes(b[name]):
            problems.append(f"{name}: {attributes(a[name])} built, {attributes(b[name])} exported")
    return problems


def compare_outputs(path, module, x):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = session.run(None, {"input": x.numpy()})
    expected = module.double()(x.double() if x.is_floating_point() else x)  # the network itself, not torch's rounding of it
    expected = expected if isinstance(expected, (tuple, list)) else [expected]
    problems, errors = [], []
    if len(found) != len(expected):
        return [f"{len(found)} outputs built, {len(expected)} in the original"], [float("nan")]
    for got, wanted in zip(found, expected):
        wanted = wanted.numpy()
        if got.shape != wanted.shape:
            problems.append(f"output {got.shape} built, {wanted.shape} in the original")
            continue
        errors.append(float(numpy.linalg.norm(got - wanted) / numpy.linalg.norm(wanted)))
        if not errors[-1] < TOLERANCE:
            problems.append(f"relative L2 error of the output {errors[-1]:.1e}, at most {TOLERANCE:.0e} expected")
    return problems, errors


def export(module, x, opset, path):
    torch.onnx.export(
        module,
        (x,),
        path,
        opset_version=opset,
        dynamo=False,
        training=torch.onnx.TrainingMode.PRESERVE,  # the default folds BatchNormalization into convolutions
        input_names=["input"],
        output_names=["output"],
    )


def check(name, opset, folder):
    make, given = REFERENCES[name]
    path, original = os.path.join(folder, "built.onnx"), os.path.join(folder, "original.onnx")
    built = build(name, opset, path)
    module = make().eval()
    problems = load(module, built)
    x = given if torch.is_tensor(given) else torch.randn(given, generator=torch.Generator().manual_seed(0))
    if name not in WRITTEN_OTHERWISE:
        export(module, x, opset, original)
        problems += compare_graphs(built, onnx.load(original))
    more, errors = compare_outputs(path, module, x)
    errors = ", ".join(f"{error:.1e}" for error in errors)
    how = f" (nodes not compared: {WRITTEN_OTHERWISE[name]})" if name in WRITTEN_OTHERWISE else ""
    print(f"{name}@{opset}: {len(nodes(built))} nodes{how}, error {errors}: {'differs' if problems + more else 'equal'}", flush=True)
    for problem in (problems + more)[:40]:
        print(f"  {problem}")
    return not problems + more


@torch.no_grad()
def main(arguments):
    wanted = [argument.partition("@")[::2] for argument in arguments or REFERENCES]
    with tempfile.TemporaryDirectory() as folder:
        results = [
            check(name, each, folder) for name, opset in wanted for each in ([int(opset)] if opset else DEFAULT_OPSETS)
        ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
