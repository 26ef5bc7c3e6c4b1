import torch
import torch.nn as nn

torch.manual_seed(11)

# %% data: one of 15 time steps carries a marker, its sign is the class
N, T, D = 1500, 15, 6
X = torch.randn(N, T, D)
X[:, :, 0] = 0.1 * torch.randn(N, T)
pos = torch.randint(0, T, (N,))
X[torch.arange(N), pos, 0] = 3.0
y = (X[torch.arange(N), pos, 1] > 0).long()
Xtr, ytr, Xva, yva = X[:1200], y[:1200], X[1200:], y[1200:]


# %% model
class AttnPool(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.score = nn.Linear(d, 1, bias=False)

    def forward(self, h):
        w = torch.softmax(self.score(torch.tanh(h)), dim=-1)
        return (w * h).sum(1)


net = nn.Sequential(
    nn.Linear(D, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(),
    AttnPool(32),
    nn.Linear(32, 2),
)
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
ce = nn.CrossEntropyLoss()

# %% train
for ep in range(15):
    net.train()
    run = 0.0
    for b in torch.randperm(1200).split(50):
        opt.zero_grad()
        l = ce(net(Xtr[b]), ytr[b])
        l.backward()
        opt.step()
        run += l.item() * len(b)
    net.eval()
    with torch.no_grad():
        acc = (net(Xva).argmax(1) == yva).float().mean().item()
    print(ep, round(run / 1200, 4), round(acc, 3))
