import torch
from torch import nn


class Critic(nn.Module):
    def __init__(self, obs):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(obs, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, o):
        return self.net(o)


def returns(rewards, gamma):
    out, g = torch.zeros_like(rewards), 0.0
    for t in range(len(rewards) - 1, -1, -1):
        g = rewards[t] + gamma * g
        out[t] = g
    return out


torch.manual_seed(40)
critic = Critic(3)
opt = torch.optim.Adam(critic.parameters(), lr=3e-3)
for episode in range(60):
    obs = torch.randn(20, 3)
    rew = obs[:, 0] - 0.2 * obs[:, 1].abs()
    ret = returns(rew, 0.9)
    adv = ret - critic(obs)
    loss = 0.5 * adv.pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if episode % 15 == 0:
        print("episode", episode, "value loss", round(loss.item(), 4))
