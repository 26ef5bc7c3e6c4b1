"""Contrastive pre-training (NT-Xent) on unlabelled signals, then a linear probe on few labels."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(73)
LEN = 32


def signals(n):
    kind = torch.randint(0, 4, (n,))
    t = torch.linspace(0, 1, LEN)
    freq = torch.tensor([2.0, 4.0, 2.0, 4.0])[kind].unsqueeze(1)
    wave = torch.sin(6.2832 * (freq * t + torch.rand(n, 1)))
    wave = torch.where((kind >= 2).unsqueeze(1), wave.sign(), wave)
    return wave + 0.4 * torch.randn(n, LEN), kind


def augment(x):
    """Random circular shift, gain and noise; a new draw for every signal."""
    shift = torch.randint(0, LEN, (len(x), 1))
    x = x.gather(1, (torch.arange(LEN) + shift) % LEN)
    gain = 0.7 + 0.6 * torch.rand(len(x), 1)
    return gain * x + 0.15 * torch.randn_like(x)


class Encoder(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(1, 16, 5, padding=2), nn.ReLU(),
            nn.Conv1d(16, dim, 5, padding=2), nn.ReLU(),
        )

    def forward(self, x):
        return self.conv(x.unsqueeze(1)).mean(dim=2)


def nt_xent(z1, z2, temperature=0.2):
    n = len(z1)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.T / temperature
    sim = sim.masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
    partner = torch.cat([torch.arange(n) + n, torch.arange(n)])
    return F.cross_entropy(sim, partner)


unlabelled, _ = signals(1024)
encoder = Encoder()
projector = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 16))
params = list(encoder.parameters()) + list(projector.parameters())
optimizer = torch.optim.Adam(params, lr=3e-3)
loader = DataLoader(TensorDataset(unlabelled), batch_size=128, shuffle=True, drop_last=True)

for epoch in range(8):
    encoder.train()
    projector.train()
    total = 0.0
    for (x,) in loader:
        loss = nt_xent(projector(encoder(augment(x))), projector(encoder(augment(x))))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"pretrain epoch {epoch}: {total / len(loader):.3f}")


def probe(features_from, X, y, X_test, y_test):
    """Train a linear classifier on frozen features; return test accuracy."""
    features_from.eval()
    with torch.no_grad():
        f, f_test = features_from(X), features_from(X_test)
    mean, std = f.mean(0), f.std(0) + 1e-6
    f, f_test = (f - mean) / std, (f_test - mean) / std
    linear = nn.Linear(f.size(1), 4)
    opt = torch.optim.Adam(linear.parameters(), lr=0.02, weight_decay=1e-3)
    for _ in range(150):
        opt.zero_grad()
        F.cross_entropy(linear(f), y).backward()
        opt.step()
    with torch.no_grad():
        return (linear(f_test).argmax(1) == y_test).float().mean().item()


X_few, y_few = signals(40)
X_test, y_test = signals(500)
print(f"probe on pretrained encoder: {probe(encoder, X_few, y_few, X_test, y_test):.3f}")
print(f"probe on random encoder:     {probe(Encoder(), X_few, y_few, X_test, y_test):.3f}")
