import torch
from torch import nn


class AdaIN(nn.Module):
    def forward(self, c, s):
        mc, sc = c.mean((2, 3), keepdim=True), c.std((2, 3), keepdim=True) + 1e-5
        ms, ss = s.mean((2, 3), keepdim=True), s.std((2, 3), keepdim=True) + 1e-5
        return (c - mc) / sc * ss + ms


torch.manual_seed(61)
enc = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU()).requires_grad_(False).eval()
dec = nn.Conv2d(8, 3, 3, padding=1)
ada = AdaIN()
opt = torch.optim.Adam(dec.parameters(), lr=1e-2)
for it in range(30):
    content, style = torch.rand(4, 3, 12, 12), torch.rand(4, 3, 12, 12)
    t = ada(enc(content), enc(style))
    out = dec(t)
    loss = nn.functional.mse_loss(enc(out), t)
    opt.zero_grad()
    loss.backward()
    opt.step()
print(loss.item())
