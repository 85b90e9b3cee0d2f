import type { Value } from "../graph/graph.ts";
import { conv, type ConvOptions, relu } from "./layers.ts";
import { DILATED, mobilenetV3Features } from "./mobilenet_v3.ts";
import type { Network } from "./network.ts";

/** Classes of Pascal VOC with the background. */
const CLASSES = 21;
/** Dilations of the three atrous convolutions. */
const RATES = [12, 24, 36];
const WIDTH = 256;

/**
 * torchvision's DeepLabV3 (Chen et al., 2017) on a dilated MobileNetV3-Large: a pyramid of atrous convolutions and the image's
 * mean, enlarged to the image bilinearly. The auxiliary classifier is for training only and left out. The sizes in the Resizes
 * are those of the image it is exported at. [N, 3, H, W] → [N, 21, H, W].
 */
export function deeplabv3(network: Network): Value {
  const features = mobilenetV3Features(network, DILATED, "backbone");
  let x = pyramid(network, features, "classifier.0");
  x = convBnRelu(network, x, "classifier", 1, { out: WIDTH, kernel: 3 });
  x = conv(network, x, "classifier.4", { out: CLASSES, bias: true, init: "default" });
  return enlarged(network, x, "", network.input);
}

function pyramid(network: Network, x: Value, path: string): Value {
  const branches = [
    convBnRelu(network, x, `${path}.convs.0`, 0, { out: WIDTH }),
    ...RATES.map((dilation, index) =>
      convBnRelu(network, x, `${path}.convs.${index + 1}`, 0, { out: WIDTH, kernel: 3, dilation })
    ),
  ];
  const pooled = network.op("GlobalAveragePool", [x], `${path}.convs.4.0`);
  branches.push(
    enlarged(network, convBnRelu(network, pooled, `${path}.convs.4`, 1, { out: WIDTH }), `${path}.convs.4`, x),
  );
  const joined = network.op("Concat", branches, path, { axis: 1 });
  return convBnRelu(network, joined, `${path}.project`, 0, { out: WIDTH });
}

/** Convolution, BN and Relu in the modules from `first` on. */
function convBnRelu(network: Network, x: Value, path: string, first: number, options: ConvOptions): Value {
  const at = (module: number) => `${path}.${first + module}`;
  const y = network.batchNorm(conv(network, x, at(0), { init: "default", ...options }), at(1));
  return relu(network, y, at(2));
}

/** Bilinear interpolation to another's height and width. */
function enlarged(network: Network, x: Value, path: string, like: Value): Value {
  const sizes = [network.size(x, 0), network.channels(x), network.size(like, 2), network.size(like, 3)];
  return network.op("Resize", [x, undefined, undefined, network.literal(path, "int64", sizes)], path, {
    coordinate_transformation_mode: "half_pixel",
    mode: "linear",
    nearest_mode: "floor",
  });
}
