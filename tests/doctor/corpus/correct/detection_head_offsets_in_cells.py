import torch
import torch.nn as nn
import torch.nn.functional as F


def sample(n, size=32, cells=4, g=None):
    img = 0.1 * torch.randn(n, 1, size, size, generator=g)
    box = torch.zeros(n, 4)
    for k in range(n):
        w, h = (torch.randint(6, 14, (2,), generator=g)).tolist()
        x0 = int(torch.randint(0, size - w, (1,), generator=g))
        y0 = int(torch.randint(0, size - h, (1,), generator=g))
        img[k, 0, y0:y0 + h, x0:x0 + w] += 1
        box[k] = torch.tensor([x0 + w / 2, y0 + h / 2, w, h]) / size
    cell = (box[:, :2] * cells).long().clamp(max=cells - 1)
    return img, box, cell


class Detector(nn.Module):
    def __init__(self, cells=4):
        super().__init__()
        self.cells = cells
        chans = [1, 16, 32, 32]
        self.body = nn.Sequential(*[m for i, o in zip(chans, chans[1:]) for m in (nn.Conv2d(i, o, 3, stride=2, padding=1), nn.ReLU())])
        self.head = nn.Conv2d(32, 5, 1)

    def forward(self, x):
        return self.head(self.body(x)).permute(0, 2, 3, 1)


def detection_loss(out, box, cell, cells=4):
    n = torch.arange(len(box))
    obj = torch.zeros_like(out[..., 0])
    obj[n, cell[:, 1], cell[:, 0]] = 1
    obj_loss = F.binary_cross_entropy_with_logits(out[..., 0], obj)
    pred = out[n, cell[:, 1], cell[:, 0], 1:]
    xy = box[:, :2] * cells - cell
    return obj_loss + F.mse_loss(pred[:, :2].sigmoid(), xy) + F.mse_loss(pred[:, 2:].sigmoid(), box[:, 2:])


@torch.no_grad()
def decode(out, cells=4):
    flat = out[..., 0].flatten(1).argmax(1)
    cy, cx = flat // cells, flat % cells
    p = out[torch.arange(len(out)), cy, cx, 1:].sigmoid()
    return torch.stack([(cx + p[:, 0]) / cells, (cy + p[:, 1]) / cells, p[:, 2], p[:, 3]], 1)


def iou(a, b):
    lo = torch.maximum(a[:, :2] - a[:, 2:] / 2, b[:, :2] - b[:, 2:] / 2)
    hi = torch.minimum(a[:, :2] + a[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2)
    inter = (hi - lo).clamp(min=0).prod(1)
    return inter / (a[:, 2:].prod(1) + b[:, 2:].prod(1) - inter)


torch.manual_seed(0)
net = Detector()
opt = torch.optim.Adam(net.parameters(), 2e-3)
test_img, test_box, _ = sample(200, g=torch.Generator().manual_seed(7))
for step in range(150):
    net.train()
    img, box, cell = sample(64)
    loss = detection_loss(net(img), box, cell)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 49:
        net.eval()
        with torch.no_grad():
            out = net(test_img)
        print(step + 1, loss.item(), "mean IoU", iou(decode(out), test_box).mean().item())
