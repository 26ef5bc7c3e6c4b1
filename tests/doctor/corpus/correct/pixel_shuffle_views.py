import torch
from torch import nn


def patchify(x, p):
    b, c, h, w = x.shape
    x = x.reshape(b, c, h // p, p, w // p, p).permute(0, 2, 4, 3, 5, 1)
    return x.reshape(b, (h // p) * (w // p), p * p * c)


def unpatchify(t, p, h, w):
    b, n, d = t.shape
    c = d // (p * p)
    t = t.reshape(b, h // p, w // p, p, p, c).permute(0, 5, 1, 3, 2, 4)
    return t.reshape(b, c, h, w)


torch.manual_seed(63)
img = torch.rand(64, 1, 8, 8)
assert torch.equal(unpatchify(patchify(img, 4), 4, 8, 8), img)
mae = nn.Sequential(nn.Linear(16, 12), nn.GELU(), nn.Linear(12, 16))
opt = torch.optim.AdamW(mae.parameters(), lr=5e-3)
for step in range(40):
    t = patchify(img[torch.randint(0, 64, (16,))], 4)
    keep = (torch.rand(t.shape[:2]) > 0.25).unsqueeze(-1)
    loss = ((mae(t * keep) - t) ** 2)[~keep.expand_as(t)].mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
print(loss.item())
