import torch
import torch.nn as nn
import torch.nn.functional as F

N_CLASSES = 3   # background, organ, lesion (작은 병변)


def phantom(n, gen):
    """Synthetic CT-like slices: a big organ, inside it a small lesion."""
    yy, xx = torch.meshgrid(torch.arange(32.), torch.arange(32.), indexing="ij")
    imgs, segs = [], []
    for _ in range(n):
        cy, cx = (16 + 3 * torch.randn(2, generator=gen)).tolist()
        ly, lx = cy + 3, cx - 2
        seg = torch.zeros(32, 32, dtype=torch.long)
        seg[(yy - cy) ** 2 + (xx - cx) ** 2 < 90] = 1
        seg[(yy - ly) ** 2 + (xx - lx) ** 2 < 6] = 2
        img = torch.tensor([0.0, 1.0, 1.5])[seg] + 0.35 * torch.randn(32, 32, generator=gen)
        imgs.append(img[None])
        segs.append(seg)
    return torch.stack(imgs), torch.stack(segs)


class DiceCELoss(nn.Module):
    def __init__(self, dice_weight=1.0, eps=1.0):
        super().__init__()
        self.dice_weight, self.eps = dice_weight, eps

    def dice(self, logits, target):
        onehot = F.one_hot(target, N_CLASSES).permute(0, 3, 1, 2).float()
        probs = F.one_hot(logits.argmax(1), N_CLASSES).permute(0, 3, 1, 2).float()
        inter = (probs * onehot).sum(dim=(0, 2, 3))
        total = probs.sum(dim=(0, 2, 3)) + onehot.sum(dim=(0, 2, 3))
        return 1 - ((2 * inter + self.eps) / (total + self.eps))[1:].mean()

    def forward(self, logits, target):
        return F.cross_entropy(logits, target) + self.dice_weight * self.dice(logits, target)


def hard_dice(pred, target, c):
    p, t = pred == c, target == c
    return (2 * (p & t).sum() / (p.sum() + t.sum()).clamp(min=1)).item()


class TinyUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU())
        self.mid = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU())
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.out = nn.Conv2d(16, N_CLASSES, 3, padding=1)

    def forward(self, x):
        e = self.enc(x)
        return self.out(torch.cat([e, self.up(self.mid(e))], 1))


torch.manual_seed(5)
gen = torch.Generator().manual_seed(5)
x_train, y_train = phantom(96, gen)
x_val, y_val = phantom(32, gen)
net, criterion = TinyUNet(), DiceCELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
for epoch in range(8):
    net.train()
    for idx in torch.randperm(96).split(12):
        optimizer.zero_grad()
        loss = criterion(net(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
net.eval()
with torch.no_grad():
    pred = net(x_val).argmax(1)
print("organ dice %.3f  lesion dice %.3f" % (hard_dice(pred, y_val, 1), hard_dice(pred, y_val, 2)))
