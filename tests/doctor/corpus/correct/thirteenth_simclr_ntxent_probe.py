import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(21)
TEMP = 0.3


def nt_xent(z1, z2, temperature):
    n = z1.size(0)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.t() / temperature
    sim = sim.masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
    positives = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return F.cross_entropy(sim, positives)


def augment(x):
    keep = (torch.rand_like(x) > 0.15).float()
    return (x + 0.2 * torch.randn_like(x)) * keep


# latent classes seen through a fixed random nonlinear map
n_cls, dim = 4, 20
protos = 2.0 * torch.randn(n_cls, 5)
mixing = torch.randn(5, dim) / 5**0.5


def make(n):
    y = torch.randint(0, n_cls, (n,))
    z = protos[y] + 0.5 * torch.randn(n, 5)
    return torch.tanh(z @ mixing) + 0.1 * torch.randn(n, dim), y


x_train, y_train = make(800)
x_test, y_test = make(400)

encoder = nn.Sequential(nn.Linear(dim, 64), nn.ReLU(), nn.Linear(64, 32))
projector = nn.Sequential(nn.ReLU(), nn.Linear(32, 16))
opt = torch.optim.Adam([*encoder.parameters(), *projector.parameters()], lr=2e-3)

for epoch in range(10):
    running = 0.0
    batches = torch.randperm(len(x_train)).split(100)
    for idx in batches:
        xb = x_train[idx]
        loss = nt_xent(projector(encoder(augment(xb))), projector(encoder(augment(xb))), TEMP)
        opt.zero_grad()
        loss.backward()
        opt.step()
        running += loss.item()
    print(f"pretrain epoch {epoch}: {running / len(batches):.4f}")

# linear probe on frozen features
encoder.eval()
with torch.no_grad():
    f_train, f_test = encoder(x_train), encoder(x_test)
probe = nn.Linear(32, n_cls)
probe_opt = torch.optim.Adam(probe.parameters(), lr=1e-2)
for _ in range(100):
    probe_opt.zero_grad()
    F.cross_entropy(probe(f_train), y_train).backward()
    probe_opt.step()

with torch.no_grad():
    acc = (probe(f_test).argmax(1) == y_test).float().mean()
print(f"linear probe accuracy: {acc:.3f}")
