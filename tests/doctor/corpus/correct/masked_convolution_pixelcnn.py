import torch
from torch import nn
import torch.nn.functional as F


class MaskedConv(nn.Conv2d):
    def __init__(self, kind, *args, **kwargs):
        super().__init__(*args, **kwargs)
        mask = torch.ones_like(self.weight)
        h, w = self.kernel_size
        mask[:, :, h // 2, w // 2 + (kind == "B"):] = 0
        mask[:, :, h // 2 + 1:] = 0
        self.register_buffer("mask", mask)

    def forward(self, x):
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


torch.manual_seed(12)
img = (torch.rand(120, 1, 8, 8) < torch.linspace(0.1, 0.9, 8)).float()
net = nn.Sequential(MaskedConv("A", 1, 16, 5, padding=2), nn.ReLU(), MaskedConv("B", 16, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 1, 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(4):
    net.train()
    for i in torch.randperm(120).split(20):
        loss = F.binary_cross_entropy_with_logits(net(img[i]), img[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
