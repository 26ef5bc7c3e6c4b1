import math, random
import torch
from torch import nn, optim

random.seed(4); torch.manual_seed(4)

# task: does the sum of the marked numbers exceed the sum of the unmarked ones?
T = 12
def sample(n):
    v = torch.randn(n, T)
    m = (torch.rand(n, T) < .5).float()
    s = torch.where(m > 0, v, -v).sum(1)
    return torch.stack([v, m], dim=2), (s > 0).float()

Xtr, Ytr = sample(3000)
Xva, Yva = sample(600)

class Net(nn.Module):
    def __init__(self, h=32):
        super(Net, self).__init__()
        self.inp = nn.Linear(2, 16)
        self.rnn = nn.GRU(16, h, num_layers=1)
        self.fc = nn.Linear(h, 1)
    def forward(self, x):
        e = torch.relu(self.inp(x))
        o, _ = self.rnn(e)
        return self.fc(o[:, -1, :]).squeeze(-1)

m = Net()
o = optim.Adam(m.parameters(), lr=4e-3)
c = nn.BCEWithLogitsLoss()
B = 100
for ep in range(8):
    m.train()
    p = torch.randperm(len(Xtr))
    tot = 0.
    for k in range(0, len(p), B):
        i = p[k:k + B]
        l = c(m(Xtr[i]), Ytr[i])
        o.zero_grad()
        l.backward()
        nn.utils.clip_grad_norm_(m.parameters(), 1.0)
        o.step()
        tot += l.item() * len(i)
    m.eval()
    with torch.no_grad():
        a = ((m(Xva) > 0) == (Yva > .5)).float().mean().item()
    print('%d loss %.4f (chance %.4f) acc %.3f' % (ep, tot / len(p), math.log(2), a))
