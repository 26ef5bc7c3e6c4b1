import copy
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(4)


class Policy(nn.Module):
    def __init__(self, o, a, h=48):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(o, h), nn.ReLU(), nn.Linear(h, 2 * a))

    def forward(self, o, deterministic=False):
        mu, log_std = self.net(o).chunk(2, -1)
        if deterministic:
            return torch.tanh(mu), None
        dist = torch.distributions.Normal(mu, log_std.clamp(-5, 2).exp())
        u = dist.rsample()
        # change of variables of tanh, the stable form
        logp = dist.log_prob(u) - 2 * (math.log(2) - u - F.softplus(-2 * u))
        return torch.tanh(u), logp.sum(-1)


class Twin(nn.Module):
    def __init__(self, o, a, h=48):
        super().__init__()
        self.q1, self.q2 = (nn.Sequential(nn.Linear(o + a, h), nn.ReLU(), nn.Linear(h, 1)) for _ in range(2))

    def forward(self, o, a):
        x = torch.cat([o, a], -1)
        return self.q1(x).squeeze(-1), self.q2(x).squeeze(-1)


def env_reset():
    return torch.rand(2) * 2 - 1


def env_step(s, a):
    s2 = (s + 0.25 * a).clamp(-2, 2)
    return s2, -s2.pow(2).sum().item() - 0.05 * a.pow(2).sum().item()


pi, q = Policy(2, 2), Twin(2, 2)
q_targ = copy.deepcopy(q).requires_grad_(False)
log_alpha = torch.tensor(math.log(0.2), requires_grad=True)
target_entropy = -2.0
opt_pi = torch.optim.Adam(pi.parameters(), lr=3e-3)
opt_q = torch.optim.Adam(q.parameters(), lr=3e-3)
opt_a = torch.optim.Adam([log_alpha], lr=3e-3)
gamma, tau, cap = 0.95, 0.01, 2000
S, A, R, S2 = torch.zeros(cap, 2), torch.zeros(cap, 2), torch.zeros(cap), torch.zeros(cap, 2)
size, s = 0, env_reset()

for step in range(600):
    with torch.no_grad():
        a = torch.rand(2) * 2 - 1 if step < 100 else pi(s)[0]
    s2, r = env_step(s, a)
    S[size], A[size], R[size], S2[size] = s, a, r, s2
    size += 1
    # a continuing task: the reset every 20 steps is a cut, hence no terminal flag
    s = env_reset() if step % 20 == 19 else s2
    if step < 100:
        continue
    i = torch.randint(size, (64,))
    alpha = log_alpha.exp().detach()
    with torch.no_grad():
        a2, lp2 = pi(S2[i])
        y = R[i] + gamma * (torch.min(*q_targ(S2[i], a2)) - alpha * lp2)
    q1, q2 = q(S[i], A[i])
    loss_q = F.mse_loss(q1, y) + F.mse_loss(q2, y)
    opt_q.zero_grad(), loss_q.backward(), opt_q.step()

    for p in q.parameters():
        p.requires_grad_(False)
    an, lp = pi(S[i])
    loss_pi = (alpha * lp - torch.min(*q(S[i], an))).mean()
    opt_pi.zero_grad(), loss_pi.backward(), opt_pi.step()
    for p in q.parameters():
        p.requires_grad_(True)

    loss_a = -(log_alpha * (lp.detach() + target_entropy)).mean()
    opt_a.zero_grad(), loss_a.backward(), opt_a.step()
    with torch.no_grad():
        for p, t in zip(q.parameters(), q_targ.parameters()):
            t.lerp_(p, tau)

with torch.no_grad():
    total = 0.0
    for _ in range(5):
        s = env_reset()
        for _ in range(20):
            s, r = env_step(s, pi(s, deterministic=True)[0])
            total += r
print(f"mean greedy return {total / 5:.2f}, alpha {log_alpha.exp().item():.3f}")
