import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(13)


def blobs(n, size=24):
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    masks = torch.zeros(n, size, size, dtype=torch.long)
    for i in range(n):
        for cls in (1, 2):
            cy, cx = torch.randint(5, size - 5, (2,))
            r = torch.randint(3, 6, (1,))
            inside = (yy - cy).abs() + (xx - cx).abs() <= r if cls == 1 else (yy - cy) ** 2 + (xx - cx) ** 2 <= r ** 2
            masks[i][inside] = cls
    tone = torch.tensor([0.0, 0.6, 1.2])
    return (tone[masks] + 0.4 * torch.randn(n, size, size)).unsqueeze(1), masks


def conv(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class MiniUNet(nn.Module):
    def __init__(self, n_cls=3, w=8):
        super().__init__()
        self.d1, self.d2 = conv(1, w), conv(w, 2 * w)
        self.mid = conv(2 * w, 2 * w)
        self.u2, self.u1 = conv(4 * w, w), conv(2 * w, w)
        self.out = nn.Conv2d(w, n_cls, 1)

    def forward(self, x):
        s1 = self.d1(x)
        s2 = self.d2(F.max_pool2d(s1, 2))
        m = self.mid(F.max_pool2d(s2, 2))
        y = self.u2(torch.cat([F.interpolate(m, scale_factor=2), s2], 1))
        y = self.u1(torch.cat([F.interpolate(y, scale_factor=2), s1], 1))
        return self.out(y)


def pixel_loss(logits, target, weight):
    n_cls = logits.shape[1]
    flat = logits.reshape(-1, n_cls)
    return F.cross_entropy(flat, target.reshape(-1), weight=weight)


def class_recall(pred, target, n_cls=3):
    return [(pred[target == c] == c).float().mean().item() for c in range(n_cls)]


x, m = blobs(160)
x_tr, m_tr, x_va, m_va = x[:120], m[:120], x[120:], m[120:]
freq = torch.bincount(m_tr.flatten(), minlength=3).float()
weight = freq.sum() / (3 * freq)
net = MiniUNet()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(5):
    net.train()
    for idx in torch.randperm(len(x_tr)).split(12):
        opt.zero_grad()
        loss = pixel_loss(net(x_tr[idx]), m_tr[idx], weight)
        loss.backward()
        opt.step()
net.eval()
with torch.no_grad():
    recall = class_recall(net(x_va).argmax(1), m_va)
print("recall per class", recall, "balanced accuracy", sum(recall) / 3)
