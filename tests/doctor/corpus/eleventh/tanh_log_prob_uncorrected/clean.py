"""Soft actor-critic on a one-step reach task."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Normal

LOG_STD_MIN, LOG_STD_MAX = -5.0, 2.0


def mlp(i, o):
    return nn.Sequential(nn.Linear(i, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, o))


class SquashedActor(nn.Module):
    def __init__(self, obs_dim, act_dim):
        super().__init__()
        self.net = mlp(obs_dim, 2 * act_dim)

    def forward(self, obs):
        mean, log_std = self.net(obs).chunk(2, dim=-1)
        normal = Normal(mean, log_std.clamp(LOG_STD_MIN, LOG_STD_MAX).exp())
        u = normal.rsample()
        a = torch.tanh(u)
        logp = normal.log_prob(u).sum(-1) - torch.log(1 - a.pow(2) + 1e-6).sum(-1)
        return a, logp


torch.manual_seed(21)
actor, q1, q2 = SquashedActor(3, 2), mlp(5, 1), mlp(5, 1)
log_alpha = torch.zeros((), requires_grad=True)
target_entropy = -2.0
opt_pi = torch.optim.Adam(actor.parameters(), lr=1e-3)
opt_q = torch.optim.Adam([*q1.parameters(), *q2.parameters()], lr=1e-3)
opt_a = torch.optim.Adam([log_alpha], lr=1e-3)

for it in range(400):
    obs = torch.randn(128, 3)
    with torch.no_grad():
        act, _ = actor(obs)
        reward = -(act - 0.5 * torch.sin(obs[:, :2])).pow(2).sum(-1)
    sa = torch.cat([obs, act], -1)
    q_loss = F.mse_loss(q1(sa).squeeze(-1), reward) + F.mse_loss(q2(sa).squeeze(-1), reward)
    opt_q.zero_grad()
    q_loss.backward()
    opt_q.step()

    new_act, logp = actor(obs)
    sa = torch.cat([obs, new_act], -1)
    q = torch.min(q1(sa), q2(sa)).squeeze(-1)
    pi_loss = (log_alpha.exp().detach() * logp - q).mean()
    opt_pi.zero_grad()
    pi_loss.backward()
    opt_pi.step()

    a_loss = -(log_alpha.exp() * (logp.detach() + target_entropy)).mean()
    opt_a.zero_grad()
    a_loss.backward()
    opt_a.step()
    if it % 100 == 99:
        print(it + 1, "reward %.4f  alpha %.4f" % (reward.mean().item(), log_alpha.exp().item()))
