/**
 * What torchvision 0.29.1 has: learned parameters (num_params of its weights' documentation, or counted), entries of its state dict
 * without `num_batches_tracked`, index buffers and what only training uses, and the SHA-256 of the sorted lines `name [shape]`.
 * Written by `python tasks/torch/networks.py facts`; the generator is PyTorch's DCGAN example.
 */
export const STATE_DICTS: Record<string, { parameters: number; entries: number; sha256: string }> = {
  resnet18: {
    parameters: 11_689_512,
    entries: 102,
    sha256: "7896e797ba4d332838891774d2051ad3c107e8d94bc163c9e0dab88b5c97a48f",
  },
  resnet34: {
    parameters: 21_797_672,
    entries: 182,
    sha256: "856ab8b01c1ecd19200f0c18eab8a37ba0b74d88c4d8cd82e9d32c264fcb14d6",
  },
  resnet50: {
    parameters: 25_557_032,
    entries: 267,
    sha256: "834b317fd284739ea113c1dd63b9cd0f49e742ff6238c7a1a26c3d51a9f9bdf3",
  },
  resnet101: {
    parameters: 44_549_160,
    entries: 522,
    sha256: "ca4cae7dcdbebe8b8a909cf0b12a7806d3eece7df8fdf9f14152fe81d0460879",
  },
  resnet152: {
    parameters: 60_192_808,
    entries: 777,
    sha256: "e8b2a1eed28e3c22418e4cb58741be71e569b6ba4f67e7d3cb942e1334ff4632",
  },
  resnext50_32x4d: {
    parameters: 25_028_904,
    entries: 267,
    sha256: "5e70b9bc7a76b0028b44f780a2132e14f3c98427a0011cb383dd0dbeff98cc7a",
  },
  wide_resnet50_2: {
    parameters: 68_883_240,
    entries: 267,
    sha256: "30322debba74b39c148ae9127e54885c227d61fe360389d1f412c332f5d914b2",
  },
  densenet121: {
    parameters: 7_978_856,
    entries: 606,
    sha256: "4cfdcd0614522eb53d6470fd6d942b683284e558836800d92f6f31e770484bf4",
  },
  densenet161: {
    parameters: 28_681_000,
    entries: 806,
    sha256: "e39348830136c5bf3487aa1275cb63d9a2d59f2ef392e5e80f25c2f50c1389ae",
  },
  densenet169: {
    parameters: 14_149_480,
    entries: 846,
    sha256: "cf8c95d63f4841de047ae8d8d3c1b7bd7f3703c228505518b22ba2785d939488",
  },
  densenet201: {
    parameters: 20_013_928,
    entries: 1006,
    sha256: "3686bda8e0e4f2b778869f04262c1d78b37857c9c5325c895eefb8570d23de71",
  },
  vgg11_bn: {
    parameters: 132_868_840,
    entries: 54,
    sha256: "af7e37422427d3351514389b560e3ce45cd70c18e44f86e305a2cccf7e8a16e1",
  },
  vgg13_bn: {
    parameters: 133_053_736,
    entries: 66,
    sha256: "257bcb4ccbbe5bad22dd28fed4bdb607ea11fa84c6bfbc5379127efe4db06d2c",
  },
  vgg16_bn: {
    parameters: 138_365_992,
    entries: 84,
    sha256: "f049ac9ba46f14f07af1430bc02fb9c8cac520f5775ce073cc087d8ef267f8be",
  },
  vgg19_bn: {
    parameters: 143_678_248,
    entries: 102,
    sha256: "cfc450d4986ff743c71ca4a58e34a6ebd5f2a98289e21797b4922eaab41d3cb6",
  },
  mobilenet_v2: {
    parameters: 3_504_872,
    entries: 262,
    sha256: "95d629b75fd393317449f8ac6ebf5f728d29ae09abe2fef0a8d554071807d0bd",
  },
  mobilenet_v3_small: {
    parameters: 2_542_856,
    entries: 210,
    sha256: "128bf59a691346e7d2282d816c510baf2cd8827c596d7c6bb38483dd90a9646c",
  },
  mobilenet_v3_large: {
    parameters: 5_483_032,
    entries: 266,
    sha256: "824318030720e5c4c9fe609a1c2bef2b71d75e10f529f8743ef728dbdbb8643e",
  },
  efficientnet_b0: {
    parameters: 5_288_548,
    entries: 311,
    sha256: "21e7e9ff380f8deb6911b9f255634797e5503c6f74f5c7ab04f25bce86277a1a",
  },
  efficientnet_v2_s: {
    parameters: 21_458_488,
    entries: 672,
    sha256: "20fd1f30d040cf9448d8bbe67a59fb48f5f10570c1a0c34eeb98df53d7604910",
  },
  inception_v3: {
    parameters: 23_834_568,
    entries: 472,
    sha256: "ed75c6528fda53132d605e746f1ec4019e4eb59060013752b5d168155f40ef02",
  },
  googlenet: {
    parameters: 6_624_904,
    entries: 287,
    sha256: "951d019be00e606459d9fcd191f6382389ce994ea36e4366f563950abfc85f0e",
  },
  shufflenet_v2_x1_0: {
    parameters: 2_278_604,
    entries: 282,
    sha256: "2d0903799b364870ecf6b3f67ec1082ec1157b6c000eca16f8b859904c6953ab",
  },
  regnet_y_400mf: {
    parameters: 4_344_144,
    entries: 331,
    sha256: "4d17b42375d4fc3073f94a7dbb2807c12133f7ea62dfbed2005bca853006dfae",
  },
  convnext_tiny: {
    parameters: 28_589_128,
    entries: 182,
    sha256: "dbc9f242dbd061cfa781c1d5fa31a40b06f6aa6a793bb586c9d65da3d15d26d0",
  },
  swin_t: {
    parameters: 28_288_354,
    entries: 173,
    sha256: "aded8421d1ae1c035f81f4245a164361344d05471fc1c11d7d7af53e5616b114",
  },
  r3d_18: {
    parameters: 33_371_472,
    entries: 102,
    sha256: "75dfbe50c8f41338335215a112d50f7a28956f55ea07cf651b51c84a311edce6",
  },
  r2plus1d_18: {
    parameters: 31_505_325,
    entries: 187,
    sha256: "2a9dfc215209dc1c83b5c492a4c9ac9a624697e3a20342bb7dce8ad0207c5622",
  },
  deeplabv3_mobilenet_v3_large: {
    parameters: 11_025_477,
    entries: 299,
    sha256: "fe52f5290c627c61cbeed88273af3d4c50a263764b91a8bdb405351518527bc0",
  },
  dcgan_generator: {
    parameters: 3_576_704,
    entries: 21,
    sha256: "59f2fee3e95f2b0060f8b9c78fe7754968838c90d6cf1f4b6bbaed46eafc79f9",
  },
};
