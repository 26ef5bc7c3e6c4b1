import torch
from torch import nn
from torch.nn import functional as F


def giou(a, b):
    lt, rb = torch.max(a[:, :2], b[:, :2]), torch.min(a[:, 2:], b[:, 2:])
    wh = (rb - lt).clamp(min=0)
    inter = wh[:, 0] * wh[:, 1]
    area = lambda t: (t[:, 2] - t[:, 0]).clamp(min=0) * (t[:, 3] - t[:, 1]).clamp(min=0)
    union = area(a) + area(b) - inter
    hull = (torch.max(a[:, 2:], b[:, 2:]) - torch.min(a[:, :2], b[:, :2])).prod(1)
    return inter / (union + 1e-7) - (hull - union) / (hull + 1e-7), inter / (union + 1e-7)


def to_corners(cxcywh):
    c, s = cxcywh[:, :2], cxcywh[:, 2:]
    return torch.cat([c - s / 2, c + s / 2], dim=1)


class Detector(nn.Module):
    def __init__(self, n_class):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(16 * 16, 64), nn.ReLU(),
        )
        self.objectness = nn.Linear(64, 1)
        self.cls = nn.Linear(64, n_class)
        self.box = nn.Linear(64, 4)

    def forward(self, x):
        h = self.net(x)
        return self.objectness(h).squeeze(1), self.cls(h), torch.sigmoid(self.box(h))


def scenes(n, seed):
    g = torch.Generator().manual_seed(seed)
    img = 0.1 * torch.randn(n, 1, 16, 16, generator=g)
    present = torch.rand(n, generator=g) < 0.75
    kind = torch.randint(0, 2, (n,), generator=g)
    wh = torch.randint(4, 9, (n, 2), generator=g)
    box = torch.zeros(n, 4)
    for i in range(n):
        w, h = wh[i].tolist()
        x0 = int(torch.randint(0, 16 - w + 1, (), generator=g))
        y0 = int(torch.randint(0, 16 - h + 1, (), generator=g))
        if present[i]:
            img[i, 0, y0:y0 + h, x0:x0 + w] += 1.0 if kind[i] == 0 else -1.0
            box[i] = torch.tensor([x0 + w / 2, y0 + h / 2, w, h]) / 16
    return img, present.float(), kind, box


def detection_loss(out, present, kind, box):
    obj, cls, pred = out
    loss_obj = F.binary_cross_entropy_with_logits(obj, present)
    pos = present.bool()
    if not pos.any():
        return loss_obj
    g, _ = giou(to_corners(pred[pos]), to_corners(box[pos]))
    loss_cls = F.cross_entropy(cls[pos], kind[pos])
    return loss_obj + loss_cls + 2.0 * (1 - g).mean() + F.l1_loss(pred[pos], box[pos])


torch.manual_seed(0)
train, test = scenes(320, 0), scenes(80, 1)
net = Detector(2)
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-3)
onecycle = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=4e-3, total_steps=6 * 10, pct_start=0.2)
for epoch in range(6):
    net.train()
    for idx in torch.randperm(320).split(32):
        batch = [t[idx] for t in train]
        loss = detection_loss(net(batch[0]), *batch[1:])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        onecycle.step()
    net.eval()
    with torch.no_grad():
        obj, cls, pred = net(test[0])
        pos = test[1].bool()
        _, overlap = giou(to_corners(pred[pos]), to_corners(test[3][pos]))
        obj_acc = ((obj > 0) == pos).float().mean()
        cls_acc = (cls[pos].argmax(1) == test[2][pos]).float().mean()
    print(f"{epoch} objectness {obj_acc:.2f} class {cls_acc:.2f} IoU {overlap.mean():.2f}")
