import torch
import torch.nn as nn
import torch.nn.functional as F

SIZE = 24


def to_corners(b):
    cx, cy, w, h = b.unbind(-1)
    return torch.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], dim=-1)


def box_iou(a, b, eps=1e-6):
    """Element-wise IoU of boxes given as (x1, y1, x2, y2)."""
    top_left = torch.max(a[:, :2], b[:, :2])
    bottom_right = torch.min(a[:, 2:], b[:, 2:])
    wh = (bottom_right - top_left).clamp(min=0)
    inter = wh[:, 0] * wh[:, 1]
    area_a = (a[:, 2] - a[:, 0]).clamp(min=0) * (a[:, 3] - a[:, 1]).clamp(min=0)
    area_b = (b[:, 2] - b[:, 0]).clamp(min=0) * (b[:, 3] - b[:, 1]).clamp(min=0)
    return inter / (area_a + area_b - inter + eps)


def synth(n, gen):
    """Images with one filled rectangle; boxes are normalised (cx, cy, w, h)."""
    imgs = 0.3 * torch.randn(n, 1, SIZE, SIZE, generator=gen)
    boxes = torch.zeros(n, 4)
    for i in range(n):
        w, h = torch.randint(6, 14, (2,), generator=gen).tolist()
        x = torch.randint(0, SIZE - w + 1, (1,), generator=gen).item()
        y = torch.randint(0, SIZE - h + 1, (1,), generator=gen).item()
        imgs[i, 0, y:y + h, x:x + w] += 1.0
        boxes[i] = torch.tensor([x + w / 2, y + h / 2, w, h]) / SIZE
    return imgs, boxes


class Locator(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(),
        )
        self.head = nn.Sequential(nn.Linear(16 * 36, 64), nn.ReLU(), nn.Linear(64, 4))

    def forward(self, x):
        return torch.sigmoid(self.head(self.features(x)))


def criterion(pred, target):
    l1 = F.l1_loss(pred, target)
    overlap = box_iou(pred, target)
    return 2.0 * l1 + (1 - overlap).mean()


gen = torch.Generator().manual_seed(14)
torch.manual_seed(14)
train_x, train_b = synth(500, gen)
val_x, val_b = synth(150, gen)
model = Locator()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(8):
    model.train()
    for idx in torch.randperm(len(train_x)).split(25):
        loss = criterion(model(train_x[idx]), train_b[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        miou = box_iou(to_corners(model(val_x)), to_corners(val_b)).mean().item()
    print(f"epoch {epoch} loss {loss.item():.3f} val mean IoU {miou:.3f}")
