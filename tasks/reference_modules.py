"""Originals that no installed package has: the networks of published papers and code, written anew in plain torch."""

import math

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import spectral_norm


class VaeDecoder(nn.Module):
    """Nearest ×2 upsampling and a 3×3 convolution at each level, GroupNorm and SiLU between, as in latent diffusion's decoder."""

    class Residual(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.norm1, self.conv1 = nn.GroupNorm(32, width, eps=1e-6), nn.Conv2d(width, width, 3, padding=1)
            self.norm2, self.conv2 = nn.GroupNorm(32, width, eps=1e-6), nn.Conv2d(width, width, 3, padding=1)
            self.act = nn.SiLU()

        def forward(self, x):
            y = self.conv1(self.act(self.norm1(x)))
            return x + self.conv2(self.act(self.norm2(y)))

    class Up(nn.Module):
        def __init__(self, width, out):
            super().__init__()
            self.norm, self.act = nn.GroupNorm(32, width, eps=1e-6), nn.SiLU()
            self.upsample, self.conv = nn.Upsample(scale_factor=2), nn.Conv2d(width, out, 3, padding=1)

        def forward(self, x):
            return self.conv(self.upsample(self.act(self.norm(x))))

    def __init__(self):
        super().__init__()
        self.conv_in = nn.Conv2d(4, 256, 3, padding=1)
        self.mid = VaeDecoder.Residual(256)
        widths = [256, 128, 64, 32]
        self.up = nn.Sequential(*(VaeDecoder.Up(a, b) for a, b in zip(widths, widths[1:])))
        self.norm_out, self.act, self.conv_out = nn.GroupNorm(32, 32, eps=1e-6), nn.SiLU(), nn.Conv2d(32, 3, 3, padding=1)

    def forward(self, x):
        return self.conv_out(self.act(self.norm_out(self.up(self.mid(self.conv_in(x))))))


class Discriminator(nn.Module):
    """3×3 convolutions under spectral normalisation, each followed by 2×2 average pooling and LeakyReLU."""

    class Block(nn.Module):
        def __init__(self, width, out):
            super().__init__()
            self.conv = spectral_norm(nn.Conv2d(width, out, 3, padding=1))
            self.pool, self.act = nn.AvgPool2d(2), nn.LeakyReLU(0.2)

        def forward(self, x):
            return self.act(self.pool(self.conv(x)))

    def __init__(self):
        super().__init__()
        widths = [3, 64, 128, 256, 512]
        self.blocks = nn.Sequential(*(Discriminator.Block(a, b) for a, b in zip(widths, widths[1:])))
        self.out = spectral_norm(nn.Conv2d(512, 1, 4))

    def forward(self, x):
        return self.out(self.blocks(x)).flatten(1)


class QuartzNet(nn.Module):
    """QuartzNet-5×5 (Kriman et al., 2019), named as in NeMo."""

    class Separable(nn.Sequential):
        def __init__(self, width, out, kernel, stride=1, dilation=1):
            padding = dilation * (kernel - 1) // 2
            super().__init__(
                nn.Conv1d(width, width, kernel, stride, padding, dilation, width, bias=False),
                nn.Conv1d(width, out, 1, bias=False),
                nn.BatchNorm1d(out, eps=1e-3),
            )

    class Block(nn.Module):
        def __init__(self, width, out, kernel, repeat, stride=1, dilation=1, residual=False, separable=True):
            super().__init__()
            layers = []
            for index in range(repeat):
                if separable:
                    layers += QuartzNet.Separable(width if index == 0 else out, out, kernel, stride, dilation)
                else:
                    layers += [nn.Conv1d(width, out, kernel, bias=False), nn.BatchNorm1d(out, eps=1e-3)]
                if index < repeat - 1:
                    layers.append(nn.ReLU())
            self.mconv = nn.Sequential(*layers)
            self.res = nn.Sequential(nn.Conv1d(width, out, 1, bias=False), nn.BatchNorm1d(out, eps=1e-3)) if residual else None
            self.mout = nn.ReLU()

        def forward(self, x):
            y = self.mconv(x)
            return self.mout(y if self.res is None else y + self.res(x))

    def __init__(self):
        super().__init__()
        block, blocks = QuartzNet.Block, [QuartzNet.Block(64, 256, 33, 1, stride=2)]
        width = 256
        for kernel, out in [(33, 256), (39, 256), (51, 512), (63, 512), (75, 512)]:
            blocks.append(block(width, out, kernel, 5, residual=True))
            width = out
        blocks.append(block(512, 512, 87, 1, dilation=2))
        blocks.append(block(512, 1024, 1, 1, separable=False))
        self.encoder = nn.Sequential(*blocks)
        self.decoder = nn.Conv1d(1024, 29, 1)

    def forward(self, x):
        return F.log_softmax(self.decoder(self.encoder(x)).transpose(1, 2), dim=-1)


class EcgResnet(nn.Module):
    """The residual network of Ribeiro et al. (2020) for 12-lead ECGs, named as in their PyTorch code."""

    class Block(nn.Module):
        def __init__(self, width, out, downsample, kernel=17):
            super().__init__()
            padding = lambda step: max(0, (kernel - step + 1) // 2)
            self.conv1, self.bn1 = nn.Conv1d(width, out, kernel, padding=padding(1), bias=False), nn.BatchNorm1d(out)
            self.relu = nn.ReLU()
            self.conv2 = nn.Conv1d(out, out, kernel, stride=downsample, padding=padding(downsample), bias=False)
            self.bn2 = nn.BatchNorm1d(out)
            skip = [nn.MaxPool1d(downsample, stride=downsample), nn.Conv1d(width, out, 1, bias=False)]
            self.skip_connection = nn.Sequential(*skip)

        def forward(self, x, y):
            y = self.skip_connection(y)
            x = self.conv2(self.relu(self.bn1(self.conv1(x)))) + y
            return self.relu(self.bn2(x)), x

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv1d(12, 64, 17, padding=8, bias=False), nn.BatchNorm1d(64)
        widths = [64, 128, 196, 256, 320]
        self.res_blocks = nn.ModuleList(EcgResnet.Block(a, b, 4) for a, b in zip(widths, widths[1:]))
        self.lin = nn.Linear(320 * 16, 6)

    def forward(self, x):
        x = self.bn1(self.conv1(x))
        y = x
        for block in self.res_blocks:
            x, y = block(x, y)
        return self.lin(x.view(x.size(0), -1))


class EinsumBlocks(nn.Module):
    """Transformer blocks with the attention of Keras: every projection and product an Einsum."""

    class Dense(nn.Module):
        def __init__(self, equation, kernel, bias):
            super().__init__()
            self.equation = equation
            self.kernel = nn.Parameter(torch.randn(kernel) * 0.05)
            self.bias = nn.Parameter(torch.randn(bias) * 0.05)

        def forward(self, x):
            return torch.einsum(self.equation, x, self.kernel) + self.bias

    class Attention(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            size = width // heads
            dense = EinsumBlocks.Dense
            self.query, self.key, self.value = (dense("abc,cde->abde", (width, heads, size), (heads, size)) for _ in range(3))
            self.attention_output = dense("abcd,cde->abe", (heads, size, width), (width,))
            self.scale = 1 / math.sqrt(size)

        def forward(self, x):
            query, key, value = self.query(x), self.key(x), self.value(x)
            scores = torch.einsum("aecd,abcd->acbe", key, query * self.scale)
            return self.attention_output(torch.einsum("acbe,aecd->abcd", scores.softmax(-1), value))

    class Block(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.attention, self.norm1 = EinsumBlocks.Attention(width, heads), nn.LayerNorm(width, eps=1e-6)
            self.dense1, self.dense2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
            self.act, self.norm2 = nn.ReLU(), nn.LayerNorm(width, eps=1e-6)

        def forward(self, x):
            x = self.norm1(x + self.attention(x))
            return self.norm2(x + self.dense2(self.act(self.dense1(x))))

    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*(EinsumBlocks.Block(256, 4) for _ in range(4)))

    def forward(self, x):
        return self.blocks(x)


class Crnn(nn.Module):
    """The CRNN of Shi et al. (2015), with the BatchNorm before each recurrent layer of Deep Speech 2 (Amodei et al., 2015)."""

    class Recurrent(nn.Module):
        def __init__(self, width, hidden):
            super().__init__()
            self.norm, self.rnn = nn.BatchNorm1d(width), nn.LSTM(width, hidden, bidirectional=True)

        def forward(self, x):
            y, _ = self.rnn(self.norm(x).permute(2, 0, 1))
            return y.permute(1, 2, 0)

    def __init__(self):
        super().__init__()
        layers = []

        def conv(width, out, kernel=3, padding=1, norm=False):
            layers.append(nn.Conv2d(width, out, kernel, padding=padding))
            if norm:
                layers.append(nn.BatchNorm2d(out))
            layers.append(nn.ReLU())

        conv(1, 64)
        layers.append(nn.MaxPool2d(2, 2))
        conv(64, 128)
        layers.append(nn.MaxPool2d(2, 2))
        conv(128, 256, norm=True)
        conv(256, 256)
        layers.append(nn.MaxPool2d((2, 2), (2, 1), (0, 1)))
        conv(256, 512, norm=True)
        conv(512, 512)
        layers.append(nn.MaxPool2d((2, 2), (2, 1), (0, 1)))
        conv(512, 512, 2, 0, norm=True)
        self.cnn = nn.Sequential(*layers)
        self.rnn = nn.Sequential(Crnn.Recurrent(512, 256), Crnn.Recurrent(512, 256))
        self.embedding = nn.Linear(512, 37)

    def forward(self, x):
        return self.embedding(self.rnn(self.cnn(x).squeeze(2)).permute(2, 0, 1))


class Iresnet(nn.Module):
    """InsightFace's iresnet50 (ArcFace, Deng et al., 2018)."""

    class Block(nn.Module):
        def __init__(self, width, out, stride):
            super().__init__()
            self.bn1 = nn.BatchNorm2d(width)
            self.conv1, self.bn2, self.prelu = nn.Conv2d(width, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.PReLU(out)
            self.conv2, self.bn3 = nn.Conv2d(out, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
            self.downsample = None
            if stride > 1:
                self.downsample = nn.Sequential(nn.Conv2d(width, out, 1, stride, bias=False), nn.BatchNorm2d(out))

        def forward(self, x):
            y = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
            return y + (x if self.downsample is None else self.downsample(x))

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1, self.prelu = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64)
        width = 64
        for number, (blocks, out) in enumerate([(3, 64), (4, 128), (14, 256), (3, 512)], 1):
            layers = [Iresnet.Block(width if index == 0 else out, out, 2 if index == 0 else 1) for index in range(blocks)]
            setattr(self, f"layer{number}", nn.Sequential(*layers))
            width = out
        self.bn2, self.fc, self.features = nn.BatchNorm2d(512), nn.Linear(512 * 49, 512), nn.BatchNorm1d(512)

    def forward(self, x):
        x = self.prelu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.features(self.fc(torch.flatten(self.bn2(x), 1)))


class Pnet(nn.Module):
    """MTCNN's three networks (Zhang et al., 2016), named as in facenet-pytorch."""

    def __init__(self):
        super().__init__()
        self.conv1, self.prelu1, self.pool1 = nn.Conv2d(3, 10, 3), nn.PReLU(10), nn.MaxPool2d(2, 2, ceil_mode=True)
        self.conv2, self.prelu2 = nn.Conv2d(10, 16, 3), nn.PReLU(16)
        self.conv3, self.prelu3 = nn.Conv2d(16, 32, 3), nn.PReLU(32)
        self.conv4_1, self.softmax4_1, self.conv4_2 = nn.Conv2d(32, 2, 1), nn.Softmax(dim=1), nn.Conv2d(32, 4, 1)

    def forward(self, x):
        x = self.prelu3(self.conv3(self.prelu2(self.conv2(self.pool1(self.prelu1(self.conv1(x)))))))
        return self.conv4_2(x), self.softmax4_1(self.conv4_1(x))


class Rnet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.prelu1, self.pool1 = nn.Conv2d(3, 28, 3), nn.PReLU(28), nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv2, self.prelu2, self.pool2 = nn.Conv2d(28, 48, 3), nn.PReLU(48), nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv3, self.prelu3 = nn.Conv2d(48, 64, 2), nn.PReLU(64)
        self.dense4, self.prelu4 = nn.Linear(576, 128), nn.PReLU(128)
        self.dense5_1, self.softmax5_1, self.dense5_2 = nn.Linear(128, 2), nn.Softmax(dim=1), nn.Linear(128, 4)

    def forward(self, x):
        x = self.pool2(self.prelu2(self.conv2(self.pool1(self.prelu1(self.conv1(x))))))
        x = self.prelu3(self.conv3(x)).permute(0, 3, 2, 1).contiguous()
        x = self.prelu4(self.dense4(x.view(x.shape[0], -1)))
        return self.dense5_2(x), self.softmax5_1(self.dense5_1(x))


class Onet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.prelu1, self.pool1 = nn.Conv2d(3, 32, 3), nn.PReLU(32), nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv2, self.prelu2, self.pool2 = nn.Conv2d(32, 64, 3), nn.PReLU(64), nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv3, self.prelu3, self.pool3 = nn.Conv2d(64, 64, 3), nn.PReLU(64), nn.MaxPool2d(2, 2, ceil_mode=True)
        self.conv4, self.prelu4 = nn.Conv2d(64, 128, 2), nn.PReLU(128)
        self.dense5, self.prelu5 = nn.Linear(1152, 256), nn.PReLU(256)
        self.dense6_1, self.softmax6_1 = nn.Linear(256, 2), nn.Softmax(dim=1)
        self.dense6_2, self.dense6_3 = nn.Linear(256, 4), nn.Linear(256, 10)

    def forward(self, x):
        x = self.pool2(self.prelu2(self.conv2(self.pool1(self.prelu1(self.conv1(x))))))
        x = self.prelu4(self.conv4(self.pool3(self.prelu3(self.conv3(x)))))
        x = x.permute(0, 3, 2, 1).contiguous()
        x = self.prelu5(self.dense5(x.view(x.shape[0], -1)))
        return self.dense6_2(x), self.dense6_3(x), self.softmax6_1(self.dense6_1(x))


class RedNet(nn.Module):
    """RED-Net with 5 convolutions and 5 transposed ones (Mao et al., 2016): an autoencoder for restoration at stride 1."""

    def __init__(self):
        super().__init__()
        self.conv = nn.ModuleList(nn.Conv2d(3 if index == 0 else 64, 64, 3, padding=1) for index in range(5))
        self.deconv = nn.ModuleList(nn.ConvTranspose2d(64, 3 if index == 4 else 64, 3, padding=1) for index in range(5))
        self.relu = nn.ReLU()

    def forward(self, x):
        features = [x]
        for layer in self.conv:
            features.append(self.relu(layer(features[-1])))
        y = features[-1]
        for index, layer in enumerate(self.deconv):
            y = layer(y)
            if index % 2 == 0:
                y = y + features[4 - index]
            if index < 4:
                y = self.relu(y)
        return y


class ByteClassifier(nn.Module):
    """A classifier of files by their bytes, after Magika (Fratantonio et al., 2024)."""

    def __init__(self):
        super().__init__()
        self.embed, self.conv = nn.Linear(256, 64), nn.Conv1d(256, 256, 5)
        self.norm, self.fc = nn.LayerNorm(256), nn.Linear(256, 100)

    def forward(self, x):
        places = (x * 255).clamp(0, 255).long()
        x = F.gelu(self.embed(F.one_hot(places, 256).to(x.dtype)))
        x = F.gelu(self.conv(x.reshape(-1, 256, 256).transpose(1, 2)))
        return F.softmax(self.fc(self.norm(x.amax(-1))), -1)


class ResnextBranches(nn.Module):
    """ResNeXt-29 of 8 branches, 16 channels wide (Xie et al., 2016), without grouped convolutions."""

    class Block(nn.Module):
        def __init__(self, inputs, width, stride):
            super().__init__()
            inner = 8 * width
            self.width, self.relu = width, nn.ReLU()
            self.conv1, self.bn1 = nn.Conv2d(inputs, inner, 1, bias=False), nn.BatchNorm2d(inner)
            self.conv2 = nn.ModuleList(nn.Conv2d(width, width, 3, stride, 1, bias=False) for _ in range(8))
            self.bn2 = nn.BatchNorm2d(inner)
            self.conv3, self.bn3 = nn.Conv2d(inner, 2 * inner, 1, bias=False), nn.BatchNorm2d(2 * inner)
            self.downsample = None
            if stride > 1 or inputs != 2 * inner:
                self.downsample = nn.Sequential(nn.Conv2d(inputs, 2 * inner, 1, stride, bias=False), nn.BatchNorm2d(2 * inner))

        def forward(self, x):
            y = self.relu(self.bn1(self.conv1(x)))
            y = torch.cat([conv(part) for conv, part in zip(self.conv2, torch.split(y, self.width, 1))], 1)
            y = self.bn3(self.conv3(self.relu(self.bn2(y))))
            return self.relu(y + (x if self.downsample is None else self.downsample(x)))

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1, self.relu = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU()
        inputs = 64
        for stage in range(3):
            width = 16 * 2**stage
            blocks = [ResnextBranches.Block(inputs, width, 2 if stage else 1)]
            inputs = 16 * width
            blocks += [ResnextBranches.Block(inputs, width, 1) for _ in range(2)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(inputs, 100)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.relu(self.bn1(self.conv1(x))))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class DilatedContext(nn.Module):
    """A network for segmentation with a context of ever wider dilated convolutions (Yu and Koltun, 2015), dilated as torch has them."""

    class Layer(nn.Conv2d):
        def __init__(self, width, out, stride=1, dilation=1):
            super().__init__(width, out, 3, stride, dilation, dilation, bias=False)
            self.bn, self.relu = nn.BatchNorm2d(out), nn.ReLU()

        def forward(self, x):
            return self.relu(self.bn(super().forward(x)))

    def __init__(self):
        super().__init__()
        layer = DilatedContext.Layer
        self.front = nn.Sequential(layer(3, 32, 2), layer(32, 64, 2))
        self.context = nn.Sequential(*(layer(64, 64, dilation=dilation) for dilation in (1, 1, 2, 4, 8, 1)))
        self.head = nn.Conv2d(64, 21, 1)

    def forward(self, x):
        return self.head(self.context(self.front(x)))


class UNet(nn.Module):
    """A U-Net (Ronneberger et al., 2015) with padded convolutions, each followed by BatchNorm and ReLU."""

    class DoubleConv(nn.Module):
        def __init__(self, width, out):
            super().__init__()
            layers = []
            for inputs in (width, out):
                layers += [nn.Conv2d(inputs, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
            self.double_conv = nn.Sequential(*layers)

        def forward(self, x):
            return self.double_conv(x)

    class Down(nn.Module):
        def __init__(self, width, out):
            super().__init__()
            self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), UNet.DoubleConv(width, out))

        def forward(self, x):
            return self.maxpool_conv(x)

    class Up(nn.Module):
        def __init__(self, width, out):
            super().__init__()
            self.up, self.norm = nn.ConvTranspose2d(width, out, 2, 2, bias=False), nn.BatchNorm2d(out)
            self.relu, self.conv = nn.ReLU(), UNet.DoubleConv(2 * out, out)

        def forward(self, x, skip):
            return self.conv(torch.cat([skip, self.relu(self.norm(self.up(x)))], 1))

    class Out(nn.Module):
        def __init__(self, width, classes):
            super().__init__()
            self.conv = nn.Conv2d(width, classes, 1)

        def forward(self, x):
            return self.conv(x)

    def __init__(self):
        super().__init__()
        widths = [32, 64, 128, 256, 512]
        self.inc = UNet.DoubleConv(3, widths[0])
        for index, (width, out) in enumerate(zip(widths, widths[1:]), 1):
            setattr(self, f"down{index}", UNet.Down(width, out))
        for index, (width, out) in enumerate(zip(widths[::-1], widths[-2::-1]), 1):
            setattr(self, f"up{index}", UNet.Up(width, out))
        self.outc = UNet.Out(widths[0], 2)

    def forward(self, x):
        skips = [self.inc(x)]
        for index in range(1, 5):
            skips.append(getattr(self, f"down{index}")(skips[-1]))
        y = skips.pop()
        for index in range(1, 5):
            y = getattr(self, f"up{index}")(y, skips.pop())
        return self.outc(y)


class LoraTransformer(nn.Module):
    """Pre-norm transformer blocks with the low-rank adaptations of LoRA (Hu et al., 2021) not merged, rank 16 and scale 2."""

    class Adapted(nn.Linear):
        def __init__(self, width, out, bias=False):
            super().__init__(width, out, bias)
            self.lora_A, self.lora_B = nn.Linear(width, 16, False), nn.Linear(16, out, False)

        def forward(self, x):
            return super().forward(x) + self.lora_B(self.lora_A(x)) * 2

    class Attention(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
                setattr(self, name, LoraTransformer.Adapted(width, width))
            self.heads = heads

        def forward(self, x):
            apart = lambda y: y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            query, key, value = apart(self.q_proj(x)), apart(self.k_proj(x)), apart(self.v_proj(x))
            scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
            return self.o_proj((scores.softmax(-1) @ value).transpose(1, 2).flatten(2))

    class FeedForward(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.fc_in, self.act = LoraTransformer.Adapted(width, 4 * width, True), nn.GELU()
            self.fc_out = LoraTransformer.Adapted(4 * width, width, True)

        def forward(self, x):
            return self.fc_out(self.act(self.fc_in(x)))

    class Block(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.ln_1, self.attn = nn.LayerNorm(width), LoraTransformer.Attention(width, heads)
            self.ln_2, self.mlp = nn.LayerNorm(width), LoraTransformer.FeedForward(width)

        def forward(self, x):
            x = x + self.attn(self.ln_1(x))
            return x + self.mlp(self.ln_2(x))

    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*(LoraTransformer.Block(256, 8) for _ in range(4)))
        self.ln_f = nn.LayerNorm(256)

    def forward(self, x):
        return self.ln_f(self.blocks(x))
