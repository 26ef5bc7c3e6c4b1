import torch
import torch.nn as nn
from torch.distributions import Categorical


class Env:
    """걸어서 오른쪽 끝에 닿으면 보상 1."""

    def reset(self):
        self.pos, self.t = 0, 0
        return self.obs()

    def obs(self):
        return torch.tensor([self.pos / 5.0, self.t / 20.0])

    def step(self, a):
        self.pos = max(0, min(5, self.pos + (1 if a == 1 else -1)))
        self.t += 1
        done = self.pos == 5 or self.t >= 20
        return self.obs(), float(self.pos == 5), done


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(2, 32)
        self.pi, self.v = nn.Linear(32, 2), nn.Linear(32, 1)

    def forward(self, s):
        h = torch.tanh(self.body(s))
        return Categorical(logits=self.pi(h)), self.v(h).squeeze(-1)


torch.manual_seed(30)
env, model = Env(), Policy()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for ep in range(30):
    s, done = env.reset(), False
    logps, values, rewards = [], [], []
    while not done:
        dist, v = model(s)
        a = dist.sample()
        s, r, done = env.step(a.item())
        logps.append(dist.log_prob(a))
        values.append(v)
        rewards.append(r)
    ret, g = [], 0.0
    for r in reversed(rewards):
        g = r + 0.97 * g
        ret.insert(0, g)
    ret, values = torch.tensor(ret), torch.stack(values)
    adv = ret - values.detach()
    loss = -(torch.stack(logps) * adv).mean() + nn.functional.smooth_l1_loss(values, ret)
    opt.zero_grad()
    loss.backward()
    opt.step()
print("last return", sum(rewards), "steps", len(rewards))
