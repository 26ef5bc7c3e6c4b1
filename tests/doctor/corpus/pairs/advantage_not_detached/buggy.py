import torch
from torch import nn
from torch.distributions import Categorical


class AC(nn.Module):
    def __init__(self):
        super().__init__()
        self.pi = nn.Sequential(nn.Linear(3, 24), nn.Tanh(), nn.Linear(24, 3))
        self.v = nn.Sequential(nn.Linear(3, 24), nn.Tanh(), nn.Linear(24, 1))

    def forward(self, s):
        return Categorical(logits=self.pi(s)), self.v(s).squeeze(-1)


torch.manual_seed(209)
ac = AC()
opt = torch.optim.Adam(ac.parameters(), lr=5e-3)
for it in range(80):
    s = torch.randn(64, 3)
    dist, value = ac(s)
    a = dist.sample()
    ret = (a == s.argmax(1)).float() * 2
    adv = ret - value
    policy_loss = -(dist.log_prob(a) * adv).mean()
    value_loss = adv.pow(2).mean()
    loss = policy_loss + 0.5 * value_loss
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 20 == 0:
        print(it, ret.mean().item(), value_loss.item())
