import type { Architecture } from "../../src/models/mod.ts";

/**
 * What is published; of torchvision's, those whose operators are counted here, too. Parameters are the learned ones (weights, biases, scales and shifts of normalisations), as torchvision's
 * documentation and the papers count them; running means and variances are not among them. RepVGG-A0 and MobileOne-S0 are
 * 9.11 M and 5.29 M in training form; the U-Net and the LoRA transformer are ours, counted by hand. Those that
 * `tasks/check_networks.py` has an original of have the operators of its export at opset 17.
 */
export const COUNTS: Partial<Record<Architecture, { parameters: number; ops: Record<string, number> }>> = {
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
  densenet121: {
    parameters: 7_978_856,
    ops: { Conv: 120, BatchNormalization: 121, Relu: 121, Concat: 62, Pad: 3, AveragePool: 3, MaxPool: 1, Gemm: 1 },
  },
  mobilenet_v2: {
    parameters: 3_504_872,
    ops: { Conv: 52, BatchNormalization: 52, Clip: 35, Add: 10, GlobalAveragePool: 1, Gemm: 1 },
  },
  efficientnet_b0: {
    parameters: 5_288_548,
    ops: { Conv: 81, BatchNormalization: 49, Sigmoid: 65, Mul: 65, Add: 9, GlobalAveragePool: 17, Gemm: 1 },
  },
  // 22 blocks of two convolutions, 17 of them with an identity
  repvgg_a0: { parameters: 9_108_968, ops: { Conv: 44, BatchNormalization: 61, Add: 39, Relu: 22, Gemm: 1 } },
  // the stem has 2 convolutions; 21 depthwise layers 5 each, 17 of them with a skip; 21 pointwise 4 each, 18 with a skip
  mobileone_s0: { parameters: 5_293_272, ops: { Conv: 191, BatchNormalization: 226, Add: 183, Relu: 43, Gemm: 1 } },
  unet: {
    parameters: 7_763_554,
    ops: { Conv: 19, ConvTranspose: 4, BatchNormalization: 22, Relu: 22, MaxPool: 4, Concat: 4 },
  },
  // a block has 6 projections of 3 MatMul each and 2 more in the attention; without LoRA it has 12·256² weights
  lora_transformer: { parameters: 3_450_368, ops: { MatMul: 80, LayerNormalization: 9, Softmax: 4, Erf: 4 } },
  bert_encoder: {
    parameters: 3_159_040,
    ops: {
      MatMul: 32,
      Add: 36,
      Reshape: 16,
      Transpose: 16,
      Mul: 12,
      Softmax: 4,
      LayerNormalization: 8,
      Div: 4,
      Erf: 4,
    },
  },
  // BertModel without its pooler, as Hugging Face counts it
  minilm_l6: {
    parameters: 22_565_376,
    ops: { Gather: 2, MatMul: 48, Add: 62, LayerNormalization: 13, Where: 1, Softmax: 6, Erf: 6 },
  },
  gpt_blocks: {
    parameters: 3_159_552,
    ops: {
      LayerNormalization: 9,
      Reshape: 48,
      Gemm: 16,
      Split: 4,
      Transpose: 16,
      MatMul: 8,
      Softmax: 4,
      Pow: 4,
      Tanh: 4,
    },
  },
  llama_blocks: {
    parameters: 3_164_416,
    ops: { MatMul: 36, Cast: 28, Pow: 9, ReduceMean: 9, Sqrt: 9, Slice: 16, Neg: 8, Concat: 8, Softmax: 4, Sigmoid: 4 },
  },
  vit_tiny_patch16_224: {
    parameters: 5_717_416,
    ops: {
      Conv: 1,
      MatMul: 72,
      LayerNormalization: 25,
      Softmax: 12,
      Erf: 12,
      Split: 12,
      Shape: 13,
      Gather: 1,
      Gemm: 1,
    },
  },
  convnext_atto: {
    parameters: 3_695_520,
    ops: { Conv: 40, Transpose: 34, LayerNormalization: 17, Erf: 12, Add: 24, Mul: 36, GlobalAveragePool: 1, Gemm: 1 },
  },
  mixer_s16_224: {
    parameters: 18_528_264,
    ops: { Conv: 1, MatMul: 32, LayerNormalization: 17, Transpose: 17, Erf: 16, ReduceMean: 1, Gemm: 1 },
  },
  poolformer_s12: {
    parameters: 11_915_176,
    ops: {
      Conv: 28,
      InstanceNormalization: 24,
      Mul: 72,
      Add: 60,
      AveragePool: 12,
      Sub: 12,
      Erf: 12,
      Shape: 24,
      Gemm: 1,
    },
  },
  efficientformer_l1: {
    parameters: 12_289_928,
    ops: {
      Conv: 33,
      BatchNormalization: 33,
      AveragePool: 14,
      Mul: 61,
      Erf: 15,
      LayerNormalization: 3,
      MatMul: 6,
      Gemm: 2,
    },
  },
  // timm counts 5.49 M with both classifiers
  repvit_m0_9: {
    parameters: 5_489_328,
    ops: { Conv: 126, BatchNormalization: 108, Erf: 27, Add: 100, Mul: 64, ReduceMean: 11, Sigmoid: 10, Gemm: 2 },
  },
  fastvit_t8: {
    parameters: 4_026_232,
    ops: { Conv: 68, BatchNormalization: 70, Add: 74, Erf: 17, Mul: 55, Sub: 10, Sigmoid: 1, Gemm: 1 },
  },
  vae_decoder: {
    parameters: 1_579_779,
    ops: { Conv: 7, Reshape: 12, InstanceNormalization: 6, Shape: 6, Mul: 12, Add: 7, Sigmoid: 6, Resize: 3 },
  },
  gan_discriminator: { parameters: 1_559_169, ops: { MatMul: 10, Div: 5, Conv: 5, AveragePool: 4, LeakyRelu: 4 } },
  // the paper says 6.7 M
  quartznet_5x5: { parameters: 6_713_181, ops: { Conv: 61, BatchNormalization: 33, Relu: 28, Add: 5, LogSoftmax: 1 } },
  wav2vec2_stem: { parameters: 4_200_448, ops: { Conv: 7, InstanceNormalization: 1, Mul: 15, Add: 8, Div: 7, Erf: 7 } },
  ecg_resnet1d: {
    parameters: 6_810_790,
    ops: { Conv: 13, BatchNormalization: 9, MaxPool: 4, Relu: 8, Add: 4, Gemm: 1 },
  },
  // published: 7 276 605
  yolov5s_focus: {
    parameters: 7_276_605,
    ops: {
      Slice: 6,
      Concat: 15,
      Conv: 62,
      BatchNormalization: 59,
      Sigmoid: 59,
      Mul: 59,
      Add: 7,
      MaxPool: 3,
      Resize: 2,
    },
  },
  // published: 3.2 M
  yolov8n: {
    parameters: 3_157_200,
    ops: { Conv: 64, BatchNormalization: 57, Sigmoid: 58, Split: 9, Concat: 19, MaxPool: 3, Resize: 2, Softmax: 1 },
  },
  einsum_blocks: {
    parameters: 3_159_040,
    ops: { Einsum: 24, Add: 32, Mul: 4, Softmax: 4, LayerNormalization: 8, MatMul: 8, Relu: 4 },
  },
  crnn_lstm: {
    parameters: 8_726_309,
    ops: { Conv: 7, Relu: 7, MaxPool: 4, BatchNormalization: 5, Transpose: 5, Expand: 4, LSTM: 2, MatMul: 1 },
  },
  // InsightFace: 43.59 M
  iresnet50: {
    parameters: 43_590_848,
    ops: { Conv: 53, BatchNormalization: 79, PRelu: 25, Add: 24, Flatten: 1, Gemm: 1 },
  },
  // torchvision: 31 505 325
  r2plus1d_18: { parameters: 31_505_325, ops: { Conv: 37, BatchNormalization: 37, Relu: 34, Add: 8, Gemm: 1 } },
  // the three as facenet-pytorch has them
  mtcnn_pnet: { parameters: 6_632, ops: { Conv: 5, PRelu: 3, MaxPool: 1, Softmax: 1 } },
  mtcnn_rnet: { parameters: 100_178, ops: { Conv: 3, PRelu: 4, MaxPool: 2, Gemm: 3, Softmax: 1 } },
  mtcnn_onet: { parameters: 389_040, ops: { Conv: 4, PRelu: 5, MaxPool: 3, Gemm: 4, Softmax: 1 } },
  red_net10: { parameters: 298_947, ops: { Conv: 5, Relu: 9, ConvTranspose: 5, Add: 3 } },
  byte_classifier: {
    parameters: 370_596,
    ops: { Clip: 1, Cast: 2, OneHot: 1, MatMul: 1, Erf: 2, Reshape: 1, Transpose: 1, Conv: 1, ReduceMax: 1, Gemm: 1 },
  },
  // nine blocks, each of 8 branches and two convolutions around them, three with one for the shortcut
  resnext29_branches: {
    parameters: 5_738_916,
    ops: { Conv: 94, BatchNormalization: 31, Relu: 28, Split: 9, Concat: 9, Add: 9, GlobalAveragePool: 1, Gemm: 1 },
  },
  // counted by hand
  dilated_context: {
    parameters: 242_805,
    ops: { Conv: 9, BatchNormalization: 8, Relu: 8, Transpose: 12, Pad: 3, SpaceToDepth: 3, DepthToSpace: 3 },
  },
};
