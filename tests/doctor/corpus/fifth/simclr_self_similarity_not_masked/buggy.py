import torch
import torch.nn as nn
import torch.nn.functional as F


def two_views(x):
    jitter = lambda t: t * (1 + 0.1 * torch.randn_like(t)) + 0.15 * torch.randn_like(t)
    return jitter(x), jitter(x)


def nt_xent(z1, z2, temperature=0.2):
    n = z1.size(0)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.T / temperature
    partner = torch.arange(2 * n).roll(n)
    return F.cross_entropy(sim, partner)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32))
        self.projector = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 16))

    def forward(self, x):
        return self.projector(self.backbone(x))


torch.manual_seed(17)
proto = torch.randn(8, 20)
label = torch.randint(0, 8, (1280,))
data = proto[label] + 0.4 * torch.randn(1280, 20)
enc = Encoder()
opt = torch.optim.Adam(enc.parameters(), lr=2e-3)
for epoch in range(8):
    total = 0.0
    for idx in torch.randperm(1000).split(125):
        a, b = two_views(data[idx])
        opt.zero_grad()
        loss = nt_xent(enc(a), enc(b))
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    print(f"epoch {epoch} nt-xent {total / 1000:.3f}")

# linear probe on the frozen backbone
with torch.no_grad():
    feats = enc.backbone(data)
probe = nn.Linear(32, 8)
popt = torch.optim.Adam(probe.parameters(), lr=1e-2)
for _ in range(60):
    popt.zero_grad()
    F.cross_entropy(probe(feats[:1000]), label[:1000]).backward()
    popt.step()
with torch.no_grad():
    print("probe acc", (probe(feats[1000:]).argmax(1) == label[1000:]).float().mean().item())
