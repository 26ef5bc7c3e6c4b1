import torch
import torch.nn as nn


def dice_loss(p, target, eps=1.0):
    inter = (p * target).sum((1, 2, 3))
    return (1 - (2 * inter + eps) / (p.sum((1, 2, 3)) + target.sum((1, 2, 3)) + eps)).mean()


torch.manual_seed(128)
mask = torch.zeros(100, 1, 12, 12)
for k in range(100):
    r, c = torch.randint(0, 8, (2,)).tolist()
    mask[k, 0, r:r + 4, c:c + 4] = 1
img = mask + 0.4 * torch.randn_like(mask)
net = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 1, 3, padding=1))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(4):
    net.train()
    for i in torch.randperm(80).split(10):
        out = net(img[i])
        loss = dice_loss(torch.sigmoid(out), mask[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
