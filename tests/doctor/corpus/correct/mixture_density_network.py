import torch
from torch import nn
from torch.distributions import Categorical, MixtureSameFamily, Normal

torch.manual_seed(29)
t = torch.rand(500, 1)
x = t + 0.3 * torch.sin(6.28 * t) + 0.05 * torch.randn(500, 1)
trunk = nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 9))
opt = torch.optim.Adam(trunk.parameters(), lr=1e-2)
for epoch in range(10):
    trunk.train()
    for i in torch.randperm(500).split(50):
        pi, mu, ls = trunk(x[i]).chunk(3, -1)
        mix = MixtureSameFamily(Categorical(logits=pi), Normal(mu, ls.clamp(-4, 2).exp()))
        loss = -mix.log_prob(t[i].squeeze(1)).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
print(loss.item())
