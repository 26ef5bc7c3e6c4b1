import torch
from torch import nn

torch.manual_seed(62)
net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 8, 3)).eval()
img = torch.randn(1, 1, 16, 16) * 0.1
img.requires_grad_()
for it in range(20):
    act = net(img)[:, 2].mean()
    net.zero_grad()
    if img.grad is not None:
        img.grad = None
    act.backward()
    with torch.no_grad():
        img += 0.1 * img.grad / (img.grad.norm() + 1e-8)
print("activation", act.item())
