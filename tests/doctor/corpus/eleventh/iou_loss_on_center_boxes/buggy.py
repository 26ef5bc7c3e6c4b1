import torch
from torch import nn

torch.manual_seed(15)
SIZE = 20


def to_corners(b):
    cx, cy, w, h = b.unbind(-1)
    return torch.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], dim=-1)


def box_iou(a, b):
    """a, b: (N, 4) as x1, y1, x2, y2"""
    lt = torch.max(a[:, :2], b[:, :2])
    rb = torch.min(a[:, 2:], b[:, 2:])
    inter = (rb - lt).clamp(min=0).prod(1)
    area_a = (a[:, 2:] - a[:, :2]).prod(1)
    area_b = (b[:, 2:] - b[:, :2]).prod(1)
    return inter / (area_a + area_b - inter + 1e-7)


def iou_loss(a, b):
    return (1 - box_iou(a, b)).mean()


def make_images(n):
    wh = torch.randint(4, 11, (n, 2))
    xy = (torch.rand(n, 2) * (SIZE - wh + 1)).long()
    img = 0.3 * torch.randn(n, 1, SIZE, SIZE)
    for i, ((x, y), (w, h)) in enumerate(zip(xy.tolist(), wh.tolist())):
        img[i, 0, y : y + h, x : x + w] += 1.0
    boxes = torch.cat([xy + wh / 2, wh.float()], dim=1) / SIZE  # cx, cy, w, h in [0, 1]
    return img, boxes


class BoxHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU()
        )
        self.out = nn.Sequential(nn.Flatten(), nn.Linear(16 * 25, 64), nn.ReLU(), nn.Linear(64, 4), nn.Sigmoid())

    def forward(self, x):
        return self.out(self.features(x))


train_x, train_b = make_images(500)
test_x, test_b = make_images(100)
net = BoxHead()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-4)

for epoch in range(10):
    net.train()
    for idx in torch.randperm(len(train_x)).split(25):
        pred, gt = net(train_x[idx]), train_b[idx]
        loss_l1 = (pred - gt).abs().sum(1).mean()
        loss_iou = iou_loss(pred, gt)
        loss = 2 * loss_l1 + loss_iou
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 3 == 0:
        print(f"epoch {epoch}: l1 {loss_l1.item():.3f} iou loss {loss_iou.item():.3f}")

net.eval()
with torch.no_grad():
    iou = box_iou(to_corners(net(test_x)), to_corners(test_b))
print(f"test mean IoU {iou.mean().item():.3f}")
