import type { Architecture } from "../../src/models/mod.ts";

/**
 * Published numbers. Parameters are the learned ones (weights, biases, BatchNormalization's scale and shift), as
 * torchvision's documentation counts them; running means and variances are not among them.
 */
export const COUNTS: Record<Architecture, { parameters: number; ops: Record<string, number> }> = {
  resnet18: {
    parameters: 11_689_512,
    ops: { Conv: 20, BatchNormalization: 20, Relu: 17, Add: 8, MaxPool: 1, Gemm: 1 },
  },
  resnet34: {
    parameters: 21_797_672,
    ops: { Conv: 36, BatchNormalization: 36, Relu: 33, Add: 16, MaxPool: 1, Gemm: 1 },
  },
  resnet50: {
    parameters: 25_557_032,
    ops: { Conv: 53, BatchNormalization: 53, Relu: 49, Add: 16, MaxPool: 1, Gemm: 1 },
  },
  resnet101: {
    parameters: 44_549_160,
    ops: {
      Conv: 104,
      BatchNormalization: 104,
      Relu: 100,
      Add: 33,
      MaxPool: 1,
      GlobalAveragePool: 1,
      Flatten: 1,
      Gemm: 1,
    },
  },
  resnet152: { parameters: 60_192_808, ops: { Conv: 155, BatchNormalization: 155, Relu: 151, Add: 50, Gemm: 1 } },
};
