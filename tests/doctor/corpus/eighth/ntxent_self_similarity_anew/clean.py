# %% SimCLR on toy spectra
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(21)
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# %% data: four families of curves; the label is used for the probe at the end only
t = torch.linspace(0, 6.28, 64)


def curves(n):
    family = torch.randint(0, 4, (n,))
    freq = 1.0 + family.float().unsqueeze(1)
    phase = 6.28 * torch.rand(n, 1)
    return torch.sin(freq * t + phase) + 0.3 * torch.randn(n, 64), family


unlabelled, _ = curves(1024)
probe_x, probe_y = curves(400)
test_x, test_y = curves(400)


def augment(x):
    shift = int(torch.randint(0, 64, (1,)))
    x = torch.roll(x, shift, dims=1)
    gain = 0.7 + 0.6 * torch.rand(x.size(0), 1)
    return gain * x + 0.1 * torch.randn_like(x)


# %% model
class Encoder(nn.Module):
    def __init__(self, width=64, out=16):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.projector = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, out))

    def forward(self, x):
        return F.normalize(self.projector(self.features(x)), dim=1)


def nt_xent(z1, z2, temperature):
    n = z1.size(0)
    z = torch.cat([z1, z2], dim=0)
    sim = z @ z.t() / temperature
    sim = sim.masked_fill(torch.eye(2 * n, dtype=torch.bool, device=z.device), float("-inf"))
    partner = torch.arange(2 * n, device=z.device).roll(n)
    return F.cross_entropy(sim, partner)


# %% pretraining
encoder = Encoder().to(DEVICE)
optimizer = torch.optim.AdamW(encoder.parameters(), lr=2e-3, weight_decay=1e-4)
encoder.train()
for epoch in range(12):
    total = 0.0
    for idx in torch.randperm(len(unlabelled)).split(128):
        x = unlabelled[idx]
        v1, v2 = augment(x).to(DEVICE), augment(x).to(DEVICE)
        loss = nt_xent(encoder(v1), encoder(v2), temperature=0.2)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch:2d} contrastive loss {total / 8:.3f}")

# %% linear probe on frozen features
encoder.eval()
with torch.no_grad():
    f_probe = encoder.features(probe_x.to(DEVICE))
    f_test = encoder.features(test_x.to(DEVICE))
probe_y, test_y = probe_y.to(DEVICE), test_y.to(DEVICE)
probe = nn.Linear(f_probe.size(1), 4).to(DEVICE)
probe_opt = torch.optim.Adam(probe.parameters(), lr=1e-2)
for _ in range(200):
    probe_opt.zero_grad()
    F.cross_entropy(probe(f_probe), probe_y).backward()
    probe_opt.step()
with torch.no_grad():
    print("probe accuracy", (probe(f_test).argmax(1) == test_y).float().mean().item())
