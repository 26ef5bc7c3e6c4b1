import torch
from torch import nn


class MyGRU(nn.Module):
    def __init__(self, i, h):
        super().__init__()
        self.h = h
        self.xz, self.hz = nn.Linear(i, 2 * h), nn.Linear(h, 2 * h, bias=False)
        self.xn, self.hn = nn.Linear(i, h), nn.Linear(h, h)

    def forward(self, x, h=None):
        if h is None:
            h = x.new_zeros(x.size(0), self.h)
        outs = []
        for t in range(x.size(1)):
            r, z = torch.sigmoid(self.xz(x[:, t]) + self.hz(h)).chunk(2, 1)
            n = torch.tanh(self.xn(x[:, t]) + r * self.hn(h))
            h = (1 - z) * n + z * h
            outs.append(h)
        return torch.stack(outs, 1), h


torch.manual_seed(65)
x = torch.randn(240, 8, 2)
y = (x[:, :, 0].sum(1) > 0).long()
rnn, fc = MyGRU(2, 16), nn.Linear(16, 2)
model = nn.ModuleList([rnn, fc])
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(4):
    model.train()
    for i in torch.randperm(200).split(25):
        opt.zero_grad()
        nn.functional.cross_entropy(fc(rnn(x[i])[1]), y[i]).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        print(epoch, (fc(rnn(x[200:])[1]).argmax(1) == y[200:]).float().mean().item())
