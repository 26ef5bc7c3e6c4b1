import torch
import torch.nn as nn
import torch.nn.functional as F


def double(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.d1, self.d2, self.u1 = double(1, 8), double(8, 16), double(24, 8)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        b = F.interpolate(b, scale_factor=2, mode="nearest")
        return self.out(self.u1(torch.cat([a, b], 1)))


def dice_loss(logits, target, eps=1.0):
    p = logits.sigmoid()
    inter = (p * target).sum((1, 2, 3))
    return (1 - (2 * inter + eps) / (p.sum((1, 2, 3)) + target.sum((1, 2, 3)) + eps)).mean()


torch.manual_seed(9)
mask = torch.zeros(80, 1, 16, 16)
for k in range(80):
    r, c = torch.randint(0, 10, (2,)).tolist()
    mask[k, 0, r:r + 6, c:c + 6] = 1
img = mask + 0.5 * torch.randn_like(mask)
net = UNet()
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(3):
    net.train()
    for i in torch.randperm(64).split(8):
        opt.zero_grad()
        out = net(img[i])
        loss = F.binary_cross_entropy_with_logits(out, mask[i]) + dice_loss(out, mask[i])
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, 1 - dice_loss(net(img[64:]), mask[64:]).item())
