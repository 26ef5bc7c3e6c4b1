import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
S = 32                                  # image side
STRIDE = 4


def make_anchors():
    c = torch.arange(STRIDE / 2, S, STRIDE)
    cy, cx = torch.meshgrid(c, c, indexing="ij")
    wh = torch.full_like(cx, 10.0)
    return torch.stack([cx, cy, wh, wh], dim=-1).reshape(-1, 4)     # cx, cy, w, h


def to_corners(b):
    return torch.cat([b[:, :2] - b[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2], dim=1)


def box_iou(a, b):
    lt = torch.max(a[:, None, :2], b[None, :, :2])
    rb = torch.min(a[:, None, 2:], b[None, :, 2:])
    inter = (rb - lt).clamp(min=0).prod(-1)
    area_a = (a[:, 2:] - a[:, :2]).clamp(min=0).prod(-1)
    area_b = (b[:, 2:] - b[:, :2]).clamp(min=0).prod(-1)
    return inter / (area_a[:, None] + area_b[None] - inter)


def sample():
    w, h = (8 + 4 * torch.rand(2)).tolist()
    x, y = (torch.rand(2) * (S - 12)).tolist()
    img = 0.1 * torch.randn(1, S, S)
    img[:, int(y):int(y + h), int(x):int(x + w)] += 1.0
    return img, torch.tensor([[x, y, x + w, y + h]])                # corners


ANCHORS = make_anchors()


def assign(gt):
    iou = box_iou(ANCHORS, gt)
    best, which = iou.max(dim=1)
    pos = best >= 0.4
    pos[iou.argmax(dim=0)] = True
    g = gt[which]
    centre, size = (g[:, :2] + g[:, 2:]) / 2, g[:, 2:] - g[:, :2]
    offset = torch.cat([(centre - ANCHORS[:, :2]) / ANCHORS[:, 2:], (size / ANCHORS[:, 2:]).log()], dim=1)
    return pos.float(), offset


def decode(off):
    centre = ANCHORS[:, :2] + off[:, :2] * ANCHORS[:, 2:]
    return to_corners(torch.cat([centre, off[:, 2:].exp() * ANCHORS[:, 2:]], dim=1))


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 16, 5, 2, 2), nn.ReLU(), nn.Conv2d(16, 32, 5, 2, 2), nn.ReLU(),
                                  nn.Conv2d(32, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, 5, 1))

    def forward(self, x):
        out = self.body(x).permute(0, 2, 3, 1).flatten(1, 2)
        return out[..., 0], out[..., 1:]


train, test = [sample() for _ in range(160)], [sample() for _ in range(40)]
imgs = torch.stack([s[0] for s in train])
pos, offs = map(torch.stack, zip(*[assign(s[1]) for s in train]))
model = Head()
optim = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(12):
    for idx in torch.randperm(len(train)).split(16):
        score, reg = model(imgs[idx])
        m = pos[idx] > 0
        loss = F.binary_cross_entropy_with_logits(score, pos[idx]) + F.smooth_l1_loss(reg[m], offs[idx][m])
        optim.zero_grad()
        loss.backward()
        optim.step()

model.eval()
with torch.no_grad():
    score, reg = model(torch.stack([s[0] for s in test]))
    ious = [box_iou(decode(reg[i])[score[i].argmax()][None], test[i][1]).item() for i in range(len(test))]
print(f"loss {loss.item():.3f}  positives per image {pos.sum(1).mean():.1f}  mean IoU of top box {sum(ious) / len(ious):.3f}")
