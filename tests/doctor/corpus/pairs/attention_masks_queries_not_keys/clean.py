import torch
from torch import nn


class Attn(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.q, self.k, self.v = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d)

    def forward(self, x, pad):
        s = self.q(x) @ self.k(x).transpose(1, 2) / x.size(-1) ** 0.5
        s = s.masked_fill(pad.unsqueeze(1), -1e9)
        return s.softmax(-1) @ self.v(x)


class Net(nn.Module):
    def __init__(self, vocab=16, d=16):
        super().__init__()
        self.emb = nn.Embedding(vocab, d)
        self.att = Attn(d)
        self.out = nn.Linear(d, 2)

    def forward(self, ids, pad):
        return self.out(self.att(self.emb(ids), pad)[:, 0])


torch.manual_seed(118)
n, T = 400, 10
ids = torch.randint(1, 16, (n, T))
pad = torch.arange(T)[None] >= torch.randint(2, T + 1, (n,))[:, None]
ids[pad] = 0
y = ((ids == 3) & ~pad).any(1).long()
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(5):
    net.train()
    for i in torch.randperm(320).split(32):
        opt.zero_grad()
        nn.functional.cross_entropy(net(ids[i], pad[i]), y[i]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, (net(ids[320:], pad[320:]).argmax(1) == y[320:]).float().mean().item())
