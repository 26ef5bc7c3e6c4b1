import torch
from torch import nn


def summarize(model: nn.Module) -> dict[str, int]:
    total = sum(p.numel() for p in model.parameters())
    frozen = sum(p.numel() for p in model.parameters() if not p.requires_grad)
    buffers = sum(b.numel() for b in model.buffers())
    return {"total": total, "trainable": total - frozen, "frozen": frozen, "buffers": buffers}


net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10))
with torch.no_grad():
    net.eval()
    net(torch.zeros(1, 3, 8, 8))
net[0].requires_grad_(False)
print(summarize(net))
