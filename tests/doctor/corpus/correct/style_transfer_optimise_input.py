import torch
from torch import nn

torch.manual_seed(61)
features = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU()).eval().requires_grad_(False)


def gram(f):
    b, c, h, w = f.shape
    f = f.reshape(b, c, h * w)
    return f @ f.transpose(1, 2) / (c * h * w)


content, style = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16)
with torch.no_grad():
    fc, gs = features(content), gram(features(style))
canvas = content.clone().requires_grad_(True)
opt = torch.optim.Adam([canvas], lr=0.03)
for it in range(40):
    f = features(canvas)
    loss = nn.functional.mse_loss(f, fc) + 10 * nn.functional.mse_loss(gram(f), gs)
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        canvas.clamp_(0, 1)
print("loss", loss.item())
