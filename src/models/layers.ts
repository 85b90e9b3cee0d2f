import { floatAttribute, newAttribute } from "../graph/attribute.ts";
import type { Value } from "../graph/graph.ts";
import { sizeOf } from "../tensor/tensor.ts";
import type { Attributes, Network } from "./network.ts";
import type { Distribution } from "./random_tensor.ts";

/**
 * How a convolution's weight is drawn. `fan_out`, `fan_in`: kaiming_normal_ for Relu, std = √(2 / fan). `default`:
 * what torch.nn.Conv2d does by itself, U(−1/√fan_in, 1/√fan_in).
 */
export type ConvInit = "fan_out" | "fan_in" | "default";

/** One number for every spatial axis, or one an axis. */
export type PerAxis = number | readonly number[];

/** A convolution over the spatial axes of [N, C, …]. */
export interface ConvOptions {
  /** Output channels. */
  out: number;
  /** Kernel size, default 1. */
  kernel?: PerAxis;
  /** Stride, default 1. */
  stride?: PerAxis;
  /** Padding on every side, default the one that keeps the size at stride 1 (0 for a transposed convolution). */
  padding?: PerAxis;
  /** Distance of the kernel's elements, default 1. */
  dilation?: PerAxis;
  /** Groups, default 1. */
  group?: number;
  /** Whether it has a bias, default false: a BatchNormalization follows. */
  bias?: boolean;
  /** Initialisation, default `fan_out`. */
  init?: ConvInit;
}

/** Scales of the last BatchNormalization of a residual branch: small, so that activations do not grow with depth. */
export const LAST_SCALE = { low: 0.1, high: 0.5 } as const;

/** A convolution of [N, C, …]. Parameters `<path>.weight` [out, C/group, k, …] and `<path>.bias` [out]. */
export function conv(network: Network, x: Value, path: string, options: ConvOptions): Value {
  const { out, group = 1, bias = false } = options, window = windowOf(x, options);
  const dims = [out, network.channels(x) / group, ...window.kernel_shape], positions = sizeOf(window.kernel_shape);
  const fanIn = dims[1] * positions, fanOut = out * positions;
  const weight = network.parameter(`${path}.weight`, dims, weights(options.init ?? "fan_out", fanIn, fanOut));
  const more = bias ? [network.parameter(`${path}.bias`, [out], around(1 / Math.sqrt(fanIn)))] : [];
  return network.op("Conv", [x, weight, ...more], path, padded(network, window));
}

/** A convolution's attributes as they are, or padded for every size of the input as TensorFlow's "SAME" does. */
function padded(network: Network, window: ReturnType<typeof windowOf>): Attributes {
  if (!network.variant.padsAsTensorflow) return window;
  const { pads: _, ...rest } = window;
  return { ...rest, auto_pad: "SAME_UPPER" };
}

/** A transposed convolution of [N, C, …], initialised as by default. Weight [C, out, k, …], and a bias [out] if asked for. */
export function convTranspose(network: Network, x: Value, path: string, options: ConvOptions): Value {
  const window = windowOf(x, { padding: 0, ...options }), { kernel_shape: kernel } = window;
  const limit = around(1 / Math.sqrt(options.out * sizeOf(kernel))); // PyTorch takes the second dimension for the fan-in
  const weight = network.parameter(`${path}.weight`, [network.channels(x), options.out, ...kernel], limit);
  const more = options.bias ? [network.parameter(`${path}.bias`, [options.out], limit)] : [];
  return network.op("ConvTranspose", [x, weight, ...more], path, window);
}

function windowOf(x: Value, { kernel = 1, stride = 1, padding, dilation = 1, group = 1 }: ConvOptions) {
  const axes = x.shape!.length - 2;
  const sizes = perAxis(kernel, axes), dilations = perAxis(dilation, axes);
  const pads = perAxis(padding ?? sizes.map((size, axis) => (size - 1) * dilations[axis] / 2), axes);
  return { dilations, group, kernel_shape: sizes, pads: [...pads, ...pads], strides: perAxis(stride, axes) };
}

function perAxis(value: PerAxis, axes: number): readonly number[] {
  return typeof value === "number" ? new Array<number>(axes).fill(value) : value;
}

function weights(init: ConvInit, fanIn: number, fanOut: number): Distribution {
  if (init === "default") return around(1 / Math.sqrt(fanIn));
  return { kind: "normal", std: Math.sqrt(2 / (init === "fan_in" ? fanIn : fanOut)) };
}

/** U(−limit, limit). */
export function around(limit: number): Distribution {
  return { kind: "uniform", low: -limit, high: limit };
}

/** Relu in the module at `path`; the exporter calls a module's second use `relu_1`. */
export function relu(network: Network, x: Value, path: string): Value {
  return network.op("Relu", [x], path);
}

/** SiLU, x·σ(x), as Sigmoid and Mul. */
export function silu(network: Network, x: Value, path: string): Value {
  return network.op("Mul", [x, network.op("Sigmoid", [x], path)], path);
}

/** The sum of all terms, from the left, by Add nodes of two inputs. */
export function addAll(network: Network, terms: readonly Value[], path: string): Value {
  return terms.reduce((sum, term) => network.op("Add", [sum, term], path));
}

/** A fully connected layer on [N, C], as torch.nn.Linear is exported and initialised: U(±1/√C), Gemm with transB. */
export function linear(network: Network, x: Value, path: string, out: number): Value {
  const fanIn = network.channels(x), limit = around(1 / Math.sqrt(fanIn));
  return network.op(
    "Gemm",
    [x, network.parameter(`${path}.weight`, [out, fanIn], limit), network.parameter(`${path}.bias`, [out], limit)],
    path,
    [floatAttribute("alpha", 1), floatAttribute("beta", 1), newAttribute("transB", 1)],
  );
}

/** Max pooling over the spatial axes of [N, C, …]; `ceil` rounds its output's size up. */
export function maxPool(
  network: Network,
  x: Value,
  path: string,
  kernel: PerAxis,
  stride: PerAxis,
  padding: PerAxis = 0,
  ceil = false,
): Value {
  const axes = x.shape!.length - 2, pads = perAxis(padding, axes);
  return network.op("MaxPool", [x], path, {
    ceil_mode: ceil ? 1 : 0,
    kernel_shape: perAxis(kernel, axes),
    pads: [...pads, ...pads],
    strides: perAxis(stride, axes),
  });
}

/** PRelu with a slope per channel, `<path>.weight` [C] in the state dict. */
export function prelu(network: Network, x: Value, path: string): Value {
  const channels = network.channels(x), dims = [channels, ...x.shape!.slice(2).map(() => 1)];
  const slope = network.parameter(`${path}.weight`, dims, { kind: "uniform", low: 0.05, high: 0.45 }, [channels]);
  return network.op("PRelu", [x, slope], path);
}

/** torch.nn.Upsample of [N, C, H, W] to twice the size, nearest. */
export function upsample(network: Network, x: Value, path: string): Value {
  const scales = network.literal(path, "float32", [1, 1, 2, 2]);
  return network.op("Resize", [x, undefined, scales], path, [
    newAttribute("coordinate_transformation_mode", "asymmetric"),
    floatAttribute("cubic_coeff_a", -0.75),
    newAttribute("mode", "nearest"),
    newAttribute("nearest_mode", "floor"),
  ]);
}

/** Average pooling of [N, C, H, W] that counts its padding, square: a Pad (of nothing, too) and the pool, as exported. */
export function averagePool(
  network: Network,
  x: Value,
  path: string,
  kernel: number,
  stride: number,
  padding = 0,
): Value {
  const pads = network.literal(path, "int64", [0, 0, padding, padding, 0, 0, padding, padding]);
  return network.op("AveragePool", [network.op("Pad", [x, pads], path, { mode: "constant" })], path, {
    ceil_mode: 0,
    kernel_shape: [kernel, kernel],
    pads: [0, 0, 0, 0],
    strides: [stride, stride],
  });
}

/** HardSigmoid, clip(x/6 + 1/2, 0, 1). */
export function hardSigmoid(network: Network, x: Value, path: string): Value {
  return network.op("HardSigmoid", [x], path, [floatAttribute("alpha", 1 / 6)]);
}

/** HardSwish, x·HardSigmoid(x); written out below opset 14, as the exporter does. */
export function hardSwish(network: Network, x: Value, path: string): Value {
  if (network.opset >= 14) return network.op("HardSwish", [x], path);
  return network.op("Mul", [x, hardSigmoid(network, x, path)], path);
}

/** What {@link squeezeExcitation} is made of. */
export interface SqueezeExcitation {
  /** Channels between its two convolutions. */
  squeeze: number;
  /** Follows the first. */
  activation: (network: Network, x: Value, path: string) => Value;
  /** Makes the gate. */
  gate: (network: Network, x: Value, path: string) => Value;
}

/**
 * Weighs each channel by what a small network makes of all channels' means. Its convolutions start small (torchvision's
 * fan_out start makes gates that jump between 0 and 1 and magnify rounding errors, which those of a trained network do not).
 */
export function squeezeExcitation(network: Network, x: Value, path: string, options: SqueezeExcitation): Value {
  const { squeeze, activation, gate } = options;
  let y = network.op("GlobalAveragePool", [x], `${path}.avgpool`);
  y = conv(network, y, `${path}.fc1`, { out: squeeze, bias: true, init: "default" });
  y = activation(network, y, `${path}.activation`);
  y = conv(network, y, `${path}.fc2`, { out: network.channels(x), bias: true, init: "default" });
  return network.op("Mul", [gate(network, y, `${path}.scale_activation`), x], path);
}

/** σ(x). */
export function sigmoid(network: Network, x: Value, path: string): Value {
  return network.op("Sigmoid", [x], path);
}

/** The end of a classifier: global average, flatten, one fully connected layer. `pool` is the pooling module's path. */
export function classifier(network: Network, x: Value, pool: string, path: string, classes: number): Value {
  const pooled = network.op("GlobalAveragePool", [x], pool);
  return linear(network, network.op("Flatten", [pooled], "", { axis: 1 }), path, classes);
}
