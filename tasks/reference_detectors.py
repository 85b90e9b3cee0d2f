"""YOLO detectors in plain torch, with the layers and names of Ultralytics' YOLOv5 (release 5.0) and YOLOv8."""

import torch
from torch import nn


class Conv(nn.Module):
    def __init__(self, width, out, kernel=1, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(width, out, kernel, stride, kernel // 2, bias=False)
        self.bn, self.act = nn.BatchNorm2d(out, eps=1e-3), nn.SiLU()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    def __init__(self, width, shortcut, kernel):
        super().__init__()
        self.cv1, self.cv2, self.shortcut = Conv(width, width, kernel), Conv(width, width, 3), shortcut

    def forward(self, x):
        y = self.cv2(self.cv1(x))
        return x + y if self.shortcut else y


class Focus(nn.Module):
    def __init__(self, width, out, kernel):
        super().__init__()
        self.conv = Conv(4 * width, out, kernel)

    def forward(self, x):
        return self.conv(torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1))


class C3(nn.Module):
    def __init__(self, width, out, count=1, shortcut=True):
        super().__init__()
        self.cv1, self.cv2, self.cv3 = Conv(width, out // 2), Conv(width, out // 2), Conv(out, out)
        self.m = nn.Sequential(*(Bottleneck(out // 2, shortcut, 1) for _ in range(count)))

    def forward(self, x):
        return self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), dim=1))


class Spp(nn.Module):
    def __init__(self, width, out):
        super().__init__()
        self.cv1, self.cv2 = Conv(width, width // 2), Conv(2 * width, out)
        self.m = nn.ModuleList(nn.MaxPool2d(size, 1, size // 2) for size in (5, 9, 13))

    def forward(self, x):
        x = self.cv1(x)
        return self.cv2(torch.cat([x] + [pool(x) for pool in self.m], 1))


class Concat(nn.Module):
    def forward(self, inputs):
        return torch.cat(inputs, 1)


class Yolo(nn.Module):
    """Runs a list of layers; `sources` says where a layer takes its inputs from, if not from the one before."""

    def __init__(self, layers, sources):
        super().__init__()
        self.model, self.sources = nn.ModuleList(layers), sources

    def forward(self, x):
        results = []
        for index, layer in enumerate(self.model):
            wanted = self.sources.get(index)
            x = layer(x if wanted is None else [x if source == -1 else results[source] for source in wanted])
            results.append(x)
        return x


class Heads(nn.Module):
    """One 1×1 convolution a level; positions of all levels behind one another."""

    def __init__(self, widths, out):
        super().__init__()
        self.m, self.out = nn.ModuleList(nn.Conv2d(width, out, 1) for width in widths), out

    def forward(self, inputs):
        return torch.cat([layer(x).view(1, self.out, -1) for layer, x in zip(self.m, inputs)], 2)


def yolov5_focus():
    up = lambda: nn.Upsample(None, 2, "nearest")
    layers = [
        Focus(3, 32, 3),
        *[Conv(32, 64, 3, 2), C3(64, 64), Conv(64, 128, 3, 2), C3(128, 128, 3), Conv(128, 256, 3, 2), C3(256, 256, 3)],
        *[Conv(256, 512, 3, 2), Spp(512, 512), C3(512, 512, 1, False)],
        *[Conv(512, 256), up(), Concat(), C3(512, 256, 1, False), Conv(256, 128), up(), Concat(), C3(256, 128, 1, False)],
        *[Conv(128, 128, 3, 2), Concat(), C3(256, 256, 1, False), Conv(256, 256, 3, 2), Concat(), C3(512, 512, 1, False)],
        Heads([128, 256, 512], 255),
    ]
    return Yolo(layers, {12: [-1, 6], 16: [-1, 4], 19: [-1, 14], 22: [-1, 10], 24: [17, 20, 23]})


class C2f(nn.Module):
    def __init__(self, width, out, count=1, shortcut=False):
        super().__init__()
        self.c = out // 2
        self.cv1, self.cv2 = Conv(width, out), Conv((2 + count) * self.c, out)
        self.m = nn.ModuleList(Bottleneck(self.c, shortcut, 3) for _ in range(count))

    def forward(self, x):
        y = list(self.cv1(x).split((self.c, self.c), 1))  # as in Ultralytics' own export
        for block in self.m:
            y.append(block(y[-1]))
        return self.cv2(torch.cat(y, 1))


class Sppf(nn.Module):
    def __init__(self, width, out):
        super().__init__()
        self.cv1, self.cv2, self.m = Conv(width, width // 2), Conv(2 * width, out), nn.MaxPool2d(5, 1, 2)

    def forward(self, x):
        x = self.cv1(x)
        y1 = self.m(x)
        y2 = self.m(y1)
        return self.cv2(torch.cat((x, y1, y2, self.m(y2)), 1))


class Dfl(nn.Module):
    def __init__(self, bins):
        super().__init__()
        self.conv, self.bins = nn.Conv2d(bins, 1, 1, bias=False), bins

    def forward(self, x):
        batch, _, positions = x.shape
        return self.conv(x.view(batch, 4, self.bins, positions).transpose(2, 1).softmax(1)).view(batch, 4, positions)


class Detect(nn.Module):
    def __init__(self, widths, size, classes=80, bins=16):
        super().__init__()
        box, label = max(16, widths[0] // 4, bins * 4), max(widths[0], min(classes, 100))
        branch = lambda width, hidden, out: nn.Sequential(Conv(width, hidden, 3), Conv(hidden, hidden, 3), nn.Conv2d(hidden, out, 1))
        self.cv2 = nn.ModuleList(branch(width, box, 4 * bins) for width in widths)
        self.cv3 = nn.ModuleList(branch(width, label, classes) for width in widths)
        self.dfl, self.outputs, self.bins, self.classes = Dfl(bins), 4 * bins + classes, bins, classes
        anchors, strides = [], []
        for stride in (8, 16, 32):
            side = torch.arange(size // stride) + 0.5
            y, x = torch.meshgrid(side, side, indexing="ij")
            anchors.append(torch.stack((x, y)).view(2, -1))
            strides.append(torch.full((1, anchors[-1].shape[1]), float(stride)))
        self.register_buffer("anchors", torch.cat(anchors, 1)[None], persistent=False)
        self.register_buffer("strides", torch.cat(strides, 1), persistent=False)

    def forward(self, inputs):
        levels = [torch.cat((box(x), label(x)), 1) for box, label, x in zip(self.cv2, self.cv3, inputs)]
        joined = torch.cat([level.view(level.shape[0], self.outputs, -1) for level in levels], 2)
        box, label = joined.split((self.bins * 4, self.classes), 1)
        before, after = self.dfl(box).chunk(2, 1)
        first, last = self.anchors - before, self.anchors + after
        box = torch.cat(((first + last) / 2, last - first), 1) * self.strides
        return torch.cat((box, label.sigmoid()), 1)


def yolov8n(size):
    up = lambda: nn.Upsample(None, 2, "nearest")
    layers = [
        *[Conv(3, 16, 3, 2), Conv(16, 32, 3, 2), C2f(32, 32, 1, True), Conv(32, 64, 3, 2), C2f(64, 64, 2, True)],
        *[Conv(64, 128, 3, 2), C2f(128, 128, 2, True), Conv(128, 256, 3, 2), C2f(256, 256, 1, True), Sppf(256, 256)],
        *[up(), Concat(), C2f(384, 128), up(), Concat(), C2f(192, 64)],
        *[Conv(64, 64, 3, 2), Concat(), C2f(192, 128), Conv(128, 128, 3, 2), Concat(), C2f(384, 256)],
        Detect([64, 128, 256], size),
    ]
    return Yolo(layers, {11: [-1, 6], 14: [-1, 4], 17: [-1, 12], 20: [-1, 9], 22: [15, 18, 21]})
