"""What torchvision's presets make of a made-up picture, for tests/models/imagenet_test.ts: `python tasks/torch/images.py`."""

import json

import numpy
import torchvision
from PIL import Image

CASES = [("resnet101", 300, 200), ("mobilenet_v2", 500, 700), ("efficientnet_b0", 300, 200), ("swin_t", 640, 480), ("resnet18", 100, 90)]


def picture(width, height):
    y, x, channel = numpy.mgrid[0:height, 0:width, 0:3]
    return Image.fromarray(((x * (channel + 2) + y * (5 - channel) + ((x * y) >> 3)) % 256).astype(numpy.uint8))


out = []
for name, width, height in CASES:
    preset = torchvision.models.get_model_weights(name).IMAGENET1K_V1.transforms()
    data = preset(picture(width, height)).numpy()
    flat = data.reshape(-1)
    at = [[int(index), round(float(flat[index]), 5)] for index in range(0, flat.size, flat.size // 17)]
    out.append({"architecture": name, "width": width, "height": height, "sum": round(float(flat.astype("float64").mean()), 6),
                "values": {"side": data.shape[-1], "at": at}})
print(json.dumps(out))
