"""Binary segmentation with a tiny U-Net: BCE + soft Dice loss, IoU from global pixel counts."""
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def make_blobs(n, seed, size=24):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[0:size, 0:size]
    masks = np.zeros((n, 1, size, size), dtype=np.float32)
    for i in range(n):
        for _ in range(rng.integers(1, 4)):
            cy, cx = rng.uniform(4, size - 4, 2)
            ry, rx = rng.uniform(2, 6, 2)
            masks[i, 0] = np.maximum(masks[i, 0], ((yy - cy) / ry) ** 2 + ((xx - cx) / rx) ** 2 <= 1)
    images = masks * 0.8 + rng.normal(0, 0.5, masks.shape).astype(np.float32)
    return TensorDataset(torch.from_numpy(images.astype(np.float32)), torch.from_numpy(masks))


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class TinyUNet(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.e1, self.e2, self.mid = block(1, c), block(c, 2 * c), block(2 * c, 4 * c)
        self.u2 = nn.ConvTranspose2d(4 * c, 2 * c, 2, stride=2)
        self.d2 = block(4 * c, 2 * c)
        self.u1 = nn.ConvTranspose2d(2 * c, c, 2, stride=2)
        self.d1 = block(2 * c, c)
        self.out = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        a = self.e1(x)
        b = self.e2(F.max_pool2d(a, 2))
        m = self.mid(F.max_pool2d(b, 2))
        y = self.d2(torch.cat([self.u2(m), b], dim=1))
        y = self.d1(torch.cat([self.u1(y), a], dim=1))
        return self.out(y)


def dice_loss(logits, target, eps=1.0):
    p = logits.sigmoid().flatten(1)
    t = target.flatten(1)
    inter = (p * t).sum(1)
    return (1 - (2 * inter + eps) / (p.sum(1) + t.sum(1) + eps)).mean()


def loss_fn(logits, target):
    return F.binary_cross_entropy_with_logits(logits, target) + dice_loss(logits, target)


@torch.no_grad()
def iou(model, loader):
    model.eval()
    inter = union = 0
    for x, m in loader:
        pred, true = model(x) > 0, m > 0.5
        inter += (pred & true).sum().item()
        union += (pred | true).sum().item()
    return inter / max(union, 1)


if __name__ == "__main__":
    torch.manual_seed(2)
    train_dl = DataLoader(make_blobs(300, 0), batch_size=20, shuffle=True)
    val_dl = DataLoader(make_blobs(80, 1), batch_size=40)
    test_dl = DataLoader(make_blobs(80, 2), batch_size=40)
    model = TinyUNet()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    best_iou, best_state = -1.0, None
    for epoch in range(4):
        model.train()
        for x, m in train_dl:
            opt.zero_grad()
            loss = loss_fn(model(x), m)
            loss.backward()
            opt.step()
        val_iou = iou(model, val_dl)
        print(f"epoch {epoch + 1}: val IoU {val_iou:.3f}")
        if val_iou > best_iou:
            best_iou, best_state = val_iou, {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(best_state)
    print(f"test IoU {iou(model, test_dl):.3f}")
