import torch
import torch.nn as nn
import torch.nn.functional as F


class MHA(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        self.n, self.d = n_heads, d_model // n_heads
        self.to_q = nn.Linear(d_model, d_model)
        self.to_kv = nn.Linear(d_model, 2 * d_model)
        self.to_out = nn.Linear(d_model, d_model)

    def forward(self, x):
        b, t, _ = x.shape
        q = self.to_q(x).reshape(b, t, self.n, self.d).transpose(1, 2)
        k, v = self.to_kv(x).reshape(b, t, 2, self.n, self.d).permute(2, 0, 3, 1, 4).unbind(0)
        score = q @ k.transpose(-1, -2)
        p = F.softmax(score, dim=-1)
        return self.to_out((p @ v).transpose(1, 2).flatten(2))


class Net(nn.Module):
    def __init__(self, d=64):
        super().__init__()
        self.inp = nn.Linear(4, d)
        self.att = MHA(d, 1)
        self.norm = nn.LayerNorm(d)
        self.out = nn.Linear(d, 1)

    def forward(self, x):
        h = self.norm(self.inp(x))
        return self.out((h + self.att(h)).mean(1)).squeeze(-1)


torch.manual_seed(19)
x = 3 * torch.randn(300, 6, 4)
y = x.amax((1, 2))
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for ep in range(4):
    net.train()
    for i in torch.randperm(240).split(24):
        opt.zero_grad()
        F.smooth_l1_loss(net(x[i]), y[i]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(ep, F.smooth_l1_loss(net(x[240:]), y[240:]).item())
