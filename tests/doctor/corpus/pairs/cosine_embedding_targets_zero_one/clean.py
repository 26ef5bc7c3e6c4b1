import torch
import torch.nn as nn


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 8))

    def forward(self, a, b):
        return self.branch(a), self.branch(b)


torch.manual_seed(96)
proto = torch.randn(6, 10)
net = Siamese()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
loss_fn = nn.CosineEmbeddingLoss(margin=0.2)
for step in range(120):
    ca, cb = torch.randint(0, 6, (64,)), torch.randint(0, 6, (64,))
    cb = torch.where(torch.rand(64) < 0.5, ca, cb)
    a = proto[ca] + 0.3 * torch.randn(64, 10)
    b = proto[cb] + 0.3 * torch.randn(64, 10)
    same = (ca == cb).float()
    za, zb = net(a, b)
    loss = loss_fn(za, zb, 2 * same - 1)
    opt.zero_grad()
    loss.backward()
    opt.step()
with torch.no_grad():
    cos = nn.functional.cosine_similarity(za, zb)
print("same", cos[same == 1].mean().item(), "different", cos[same == 0].mean().item())
