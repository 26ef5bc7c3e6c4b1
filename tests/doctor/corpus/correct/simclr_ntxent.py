import torch, torch.nn as nn, torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

class TwoViews(Dataset):
    def __init__(self, x):
        self.x = x
    def __len__(self):
        return len(self.x)
    def jitter(self, v):
        scale = 1 + 0.2 * (torch.rand(1) - 0.5)
        return v * scale + 0.1 * torch.randn_like(v)
    def __getitem__(self, i):
        v = self.x[i]
        return self.jitter(v), self.jitter(v)

def nt_xent(z1, z2, temperature=0.5):
    n = z1.size(0)
    z = F.normalize(torch.cat([z1, z2], dim=0), dim=1)
    sim = z @ z.t() / temperature
    sim = sim.masked_fill(torch.eye(2 * n, dtype=torch.bool, device=z.device), float('-inf'))
    positives = torch.cat([torch.arange(n, 2 * n), torch.arange(0, n)]).to(z.device)
    return F.cross_entropy(sim, positives)

torch.manual_seed(42)
device = 'cuda' if torch.cuda.is_available() else 'cpu'
centers = torch.randn(5, 16) * 2
y = torch.arange(400) % 5
x = centers[y] + torch.randn(400, 16) * 0.5
train_x, test_x, train_y, test_y = x[:300], x[300:], y[:300], y[300:]

backbone = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU()).to(device)
head = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 16)).to(device)
opt = torch.optim.Adam([*backbone.parameters(), *head.parameters()], lr=3e-3)
loader = DataLoader(TwoViews(train_x), batch_size=50, shuffle=True, drop_last=True)
for epoch in range(4):
    tot = 0.
    for a, b in loader:
        a, b = a.to(device), b.to(device)
        loss = nt_xent(head(backbone(a)), head(backbone(b)))
        opt.zero_grad(); loss.backward(); opt.step()
        tot += loss.item()
    print('pretrain', epoch, tot / len(loader))

# linear probe on frozen features; the projection head is thrown away
backbone.eval()
with torch.no_grad():
    f_tr = backbone(train_x.to(device))
    f_te = backbone(test_x.to(device))
probe = nn.Linear(32, 5).to(device)
popt = torch.optim.SGD(probe.parameters(), lr=0.1)
for _ in range(60):
    loss = F.cross_entropy(probe(f_tr), train_y.to(device))
    popt.zero_grad(); loss.backward(); popt.step()
with torch.no_grad():
    acc = (probe(f_te).argmax(1).cpu() == test_y).float().mean()
print('probe accuracy', acc.item())
