"""Multi-class segmentation with an ignore label: cross-entropy + class-wise Dice, mIoU from a confusion matrix."""
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

IGNORE, CLASSES = 255, ("background", "disc", "bar")


class Scenes(Dataset):
    """Made once from a seed; the outline of each object is marked as 'ignore', as in VOC."""

    def __init__(self, n, size, seed, flip=False):
        g = torch.Generator().manual_seed(seed)
        self.flip = flip
        yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
        self.items = []
        for _ in range(n):
            label = torch.zeros(size, size, dtype=torch.long)
            cx, cy = (torch.randint(5, size - 5, (2,), generator=g)).tolist()
            r = int(torch.randint(3, 5, (), generator=g))
            dist = ((yy - cy) ** 2 + (xx - cx) ** 2).float().sqrt()
            x0 = int(torch.randint(0, size - 3, (), generator=g))
            label[:, x0:x0 + 3] = 2
            label[dist <= r] = 1
            value = torch.tensor([0.0, 0.8, -0.8])[label]
            label[(dist > r) & (dist <= r + 0.8)] = IGNORE
            image = value + 0.5 * torch.randn(size, size, generator=g)
            self.items.append((image.unsqueeze(0), label))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        image, label = self.items[i]
        if self.flip and torch.rand(()) < 0.5:
            image, label = image.flip(-1), label.flip(-1)
        return image, label


def dice_loss(logits, target, eps=1.0):
    valid = (target != IGNORE).unsqueeze(1)
    onehot = F.one_hot(target.masked_fill(target == IGNORE, 0), logits.size(1)).movedim(-1, 1) * valid
    p = logits.softmax(1) * valid
    inter, total = (p * onehot).sum((0, 2, 3)), (p + onehot).sum((0, 2, 3))
    return (1 - (2 * inter + eps) / (total + eps))[1:].mean()          # the background is left out


class Net(nn.Module):
    """Dilated context net: full resolution from the beginning to the end."""

    def __init__(self, ch=12, n=len(CLASSES)):
        super().__init__()
        blocks, i = [], 1
        for d in (1, 2, 4, 1):
            blocks += [nn.Conv2d(i, ch, 3, padding=d, dilation=d, bias=False), nn.GroupNorm(4, ch), nn.ReLU()]
            i = ch
        self.body, self.cls = nn.Sequential(*blocks), nn.Conv2d(ch, n, 1)

    def forward(self, x):
        return self.cls(self.body(x))


class Confusion:
    def __init__(self, n):
        self.n, self.m = n, torch.zeros(n, n, dtype=torch.long)

    def update(self, pred, gold):
        keep = gold != IGNORE
        self.m += torch.bincount(gold[keep] * self.n + pred[keep], minlength=self.n ** 2).view(self.n, self.n)

    def iou(self):
        tp = self.m.diag().float()
        return tp / (self.m.sum(0) + self.m.sum(1) - tp).clamp(min=1)


def class_weights(dataset, n):
    count = torch.zeros(n)
    for _, label in dataset.items:
        count += torch.bincount(label[label != IGNORE], minlength=n)
    w = (count.sum() / count).sqrt()
    return w / w.mean()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=6)
    ap.add_argument("--lr", type=float, default=1e-2)
    ap.add_argument("--size", type=int, default=20)
    args = ap.parse_args()
    torch.manual_seed(0)
    train, val = Scenes(200, args.size, 1, flip=True), Scenes(60, args.size, 2)
    loader, vloader = DataLoader(train, 16, shuffle=True), DataLoader(val, 30)
    net = Net()
    opt = torch.optim.AdamW(net.parameters(), lr=args.lr)
    total = args.epochs * len(loader)
    poly = torch.optim.lr_scheduler.LambdaLR(opt, lambda it: (1 - it / total) ** 0.9)      # per iteration
    weight = class_weights(train, len(CLASSES))
    print("class weights", [round(w, 2) for w in weight.tolist()])
    for epoch in range(args.epochs):
        net.train()
        for x, y in loader:
            z = net(x)
            loss = F.cross_entropy(z, y, weight=weight, ignore_index=IGNORE) + dice_loss(z, y)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            poly.step()
        net.eval()
        conf = Confusion(len(CLASSES))
        with torch.inference_mode():
            for x, y in vloader:
                conf.update(net(x).argmax(1), y)
        iou = conf.iou()
        print(f"epoch {epoch} loss {loss.item():.3f} mIoU {iou.mean():.3f} "
              + " ".join(f"{c} {v:.3f}" for c, v in zip(CLASSES, iou.tolist())))


if __name__ == "__main__":
    main()
