"""CenterNet-like detector: heatmap with penalty-reduced focal loss, plus size and offset regressed only at object centres."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

STRIDE, SIZE = 4, 32
GRID = SIZE // STRIDE


def synth(n, seed):
    g = torch.Generator().manual_seed(seed)
    img = 0.2 * torch.randn(n, 1, SIZE, SIZE, generator=g)
    boxes = torch.zeros(n, 2, 4)
    for i in range(n):
        for b in range(2):
            w, h = torch.randint(5, 10, (2,), generator=g).tolist()
            # object 0 lives in the left half, object 1 in the right, so centres never share a cell
            x0 = int(torch.randint(0, SIZE // 2 - w + 1, (1,), generator=g)) + b * SIZE // 2
            y0 = int(torch.randint(0, SIZE - h + 1, (1,), generator=g))
            img[i, 0, y0:y0 + h, x0:x0 + w] += 1.0
            boxes[i, b] = torch.tensor([x0 + w / 2, y0 + h / 2, w, h])
    return img, boxes


def encode(boxes):
    """boxes (N,2,4) -> heatmap (N,1,G,G), flat cell index (N,2), regression target (N,2,4)"""
    c = boxes[..., :2] / STRIDE
    cell = c.floor().long().clamp(max=GRID - 1)
    ys, xs = torch.meshgrid(torch.arange(GRID), torch.arange(GRID), indexing="ij")
    d2 = (xs - cell[..., 0, None, None]) ** 2 + (ys - cell[..., 1, None, None]) ** 2
    heat = torch.exp(-d2 / (2 * 0.6 ** 2)).amax(1, keepdim=True)
    index = cell[..., 1] * GRID + cell[..., 0]
    return heat, index, torch.cat([c - cell, boxes[..., 2:] / STRIDE], -1)


class Detector(nn.Module):
    def __init__(self, ch=24):
        super().__init__()
        def cbr(i, o, s):
            return nn.Sequential(nn.Conv2d(i, o, 3, s, 1, bias=False), nn.GroupNorm(4, o), nn.ReLU())
        self.backbone = nn.Sequential(cbr(1, 12, 2), cbr(12, ch, 2), cbr(ch, ch, 1))
        self.heat, self.reg = nn.Conv2d(ch, 1, 1), nn.Conv2d(ch, 4, 1)
        nn.init.constant_(self.heat.bias, -2.19)  # prior probability of 0.1

    def forward(self, x):
        f = self.backbone(x)
        return self.heat(f), self.reg(f)


def focal(logits, target):
    logp, lognp = nn.functional.logsigmoid(logits), nn.functional.logsigmoid(-logits)
    p = logits.sigmoid()
    pos = (target == 1).float()
    loss = pos * (1 - p) ** 2 * logp + (1 - pos) * (1 - target) ** 4 * p ** 2 * lognp
    return -loss.sum() / pos.sum().clamp(min=1)


def gather(reg, index):
    return reg.flatten(2).transpose(1, 2).gather(1, index[..., None].expand(-1, -1, 4))


@torch.no_grad()
def recall(model, loader):
    model.eval()
    hit = total = 0
    for img, boxes in loader:
        heat, reg = model(img)
        peak = heat.flatten(2).squeeze(1)
        left = (torch.arange(GRID * GRID) % GRID) < GRID // 2
        for b, side in enumerate((left, ~left)):
            idx = peak.masked_fill(~side, float("-inf")).argmax(1, keepdim=True)
            r = gather(reg, idx)[:, 0]
            centre = (torch.stack([idx[:, 0] % GRID, idx[:, 0] // GRID], 1) + r[:, :2]) * STRIDE
            hit += ((centre - boxes[:, b, :2]).abs().amax(1) < 2).sum().item()
            total += len(img)
    return hit / total


def main():
    torch.manual_seed(5)
    train = DataLoader(TensorDataset(*synth(192, 1)), batch_size=32, shuffle=True)
    val = DataLoader(TensorDataset(*synth(64, 2)), batch_size=64)
    model = Detector()
    opt = torch.optim.AdamW(model.parameters(), lr=8e-3)
    epochs = 8
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=8e-3, total_steps=epochs * len(train))
    for epoch in range(epochs):
        model.train()
        for img, boxes in train:
            heat, index, target = encode(boxes)
            ph, pr = model(img)
            l_heat, l_reg = focal(ph, heat), nn.functional.l1_loss(gather(pr, index), target)
            opt.zero_grad()
            (l_heat + l_reg).backward()
            opt.step()
            sched.step()
        print(f"epoch {epoch} heat {l_heat.item():.3f} reg {l_reg.item():.3f} recall {recall(model, val):.2f}")


if __name__ == "__main__":
    main()
