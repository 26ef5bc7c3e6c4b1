import numpy as np
import torch
from torch import nn

NUM_CLASSES = 3          # 0 = background, 1 = disc, 2 = bar


def synth(n, rng):
    xs = rng.normal(0, 0.5, (n, 1, 20, 20)).astype(np.float32)
    ys = np.zeros((n, 20, 20), dtype=np.int64)
    yy, xx = np.mgrid[:20, :20]
    for i in range(n):
        cy, cx = rng.integers(4, 16, 2)
        ys[i][(yy - cy) ** 2 + (xx - cx) ** 2 < 14] = 1
        r = rng.integers(0, 18)
        ys[i][r:r + 2, :] = 2
        xs[i, 0] += 0.9 * (ys[i] == 1) - 0.9 * (ys[i] == 2)
    return torch.from_numpy(xs), torch.from_numpy(ys)


def intersect_and_union(pred, gt):
    """Per-class pixel counts over a whole batch."""
    fg = gt > 0
    pred, gt = pred[fg], gt[fg]
    inter = torch.bincount(gt[pred == gt], minlength=NUM_CLASSES)
    area_p = torch.bincount(pred, minlength=NUM_CLASSES)
    area_g = torch.bincount(gt, minlength=NUM_CLASSES)
    return inter, area_p + area_g - inter


def evaluate(net, xs, ys):
    net.eval()
    with torch.no_grad():
        inter, union = intersect_and_union(net(xs).argmax(1), ys)
    iou = inter.float() / union.clamp(min=1).float()
    return iou[1:].mean().item()      # the two foreground classes


def main():
    torch.manual_seed(4)
    rng = np.random.default_rng(4)
    x_tr, y_tr = synth(120, rng)
    x_va, y_va = synth(40, rng)
    net = nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(),
        nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(),
        nn.Conv2d(12, NUM_CLASSES, 1),
    )
    opt = torch.optim.Adam(net.parameters(), lr=4e-3)
    ce = nn.CrossEntropyLoss()
    for epoch in range(5):
        net.train()
        for idx in torch.randperm(len(x_tr)).split(12):
            opt.zero_grad()
            loss = ce(net(x_tr[idx]), y_tr[idx])
            loss.backward()
            opt.step()
        print(f"[{epoch}] fg mIoU = {evaluate(net, x_va, y_va):.4f}")


if __name__ == "__main__":
    main()
