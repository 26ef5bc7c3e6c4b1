import copy
import torch, torch.nn as nn, torch.nn.functional as F
from torch.utils.data import TensorDataset, DataLoader

def clones(module, n):
    "stack of n layers built from a prototype"
    return nn.ModuleList([module] * n)

class Mixer(nn.Module):
    "token mixing followed by channel mixing"
    def __init__(self, tokens, dim):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.tok = nn.Sequential(nn.Linear(tokens, 2 * tokens), nn.GELU(), nn.Linear(2 * tokens, tokens))
        self.ch = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
    def forward(self, x):
        x = x + self.tok(self.n1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.ch(self.n2(x))

class Net(nn.Module):
    def __init__(self, tokens=9, patch=4, dim=24, depth=4, classes=2):
        super().__init__()
        self.patch = patch
        self.embed = nn.Linear(patch * patch, dim)
        self.layers = clones(Mixer(tokens, dim), depth)
        self.norm = nn.LayerNorm(dim)
        self.fc = nn.Linear(dim, classes)
    def forward(self, x):
        p = self.patch
        x = x.unfold(1, p, p).unfold(2, p, p).flatten(3).flatten(1, 2)   # B, tokens, p*p
        x = self.embed(x)
        for layer in self.layers:
            x = layer(x)
        return self.fc(self.norm(x).mean(1))

def make(n):
    "two bright patches out of nine: same row (1) or not (0)?"
    a = torch.randint(0, 9, (n,)); b = (a + torch.randint(1, 9, (n,))) % 9
    x = 0.4 * torch.randn(n, 12, 12)
    for k in (a, b):
        for i in range(n):
            r, c = divmod(int(k[i]), 3)
            x[i, 4*r:4*r+4, 4*c:4*c+4] += 1
    return x, (a // 3 == b // 3).long()

torch.manual_seed(0)
tr = DataLoader(TensorDataset(*make(600)), 50, shuffle=True)
xv, yv = make(200)
net = Net()
print('parameters: %d in %d tensors' % (sum(p.numel() for p in net.parameters()), len(list(net.parameters()))))
opt = torch.optim.Adam(net.parameters(), 2e-3)
for ep in range(6):
    net.train()
    for x, y in tr:
        loss = F.cross_entropy(net(x), y)
        opt.zero_grad(); loss.backward(); opt.step()
    net.eval()
    with torch.no_grad():
        print(ep, '%.3f' % loss.item(), '%.3f' % (net(xv).argmax(1) == yv).float().mean().item())
