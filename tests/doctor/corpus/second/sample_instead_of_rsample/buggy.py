# 조건부 가우시안 정책: 보상 함수가 미분 가능하므로 경로 기울기를 쓴다
import torch
from torch import nn
from torch.distributions import Normal

torch.manual_seed(34)


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 32), nn.Tanh())
        self.mu = nn.Linear(32, 2)
        self.log_std = nn.Parameter(torch.full((2,), -1.0))

    def forward(self, s):
        return Normal(self.mu(self.body(s)), self.log_std.exp())


def reward(s, a):
    goal = torch.stack([s[:, 0] - s[:, 1], s[:, 2]], dim=1)
    return -(a - goal).pow(2).sum(1)


actor = Actor()
opt = torch.optim.Adam(actor.parameters(), lr=5e-3)
entropy_weight = 0.05
for it in range(300):
    s = torch.rand(64, 3) * 2 - 1
    dist = actor(s)
    a = dist.sample()
    loss = -(reward(s, a) + entropy_weight * dist.entropy().sum(1)).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 0:
        print(f"{it}번째: 평균 보상 {reward(s, a.detach()).mean().item():.3f}")

with torch.no_grad():
    s = torch.rand(1000, 3) * 2 - 1
    print("평가 보상", round(reward(s, actor(s).mean).mean().item(), 4))
