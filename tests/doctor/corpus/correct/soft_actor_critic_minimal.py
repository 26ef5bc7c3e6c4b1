import copy
import torch
from torch import nn
from torch.distributions import Normal

torch.manual_seed(33)


def mlp(i, o):
    return nn.Sequential(nn.Linear(i, 32), nn.ReLU(), nn.Linear(32, o))


actor, q1, q2 = mlp(2, 2), mlp(3, 1), mlp(3, 1)
t1, t2 = copy.deepcopy(q1).requires_grad_(False), copy.deepcopy(q2).requires_grad_(False)
log_alpha = torch.zeros(1, requires_grad=True)
opt_a = torch.optim.Adam(actor.parameters(), lr=1e-3)
opt_q = torch.optim.Adam([*q1.parameters(), *q2.parameters()], lr=1e-3)
opt_t = torch.optim.Adam([log_alpha], lr=1e-3)


def policy(s):
    mu, ls = actor(s).chunk(2, -1)
    n = Normal(mu, ls.clamp(-4, 1).exp())
    u = n.rsample()
    a = torch.tanh(u)
    return a, (n.log_prob(u) - torch.log(1 - a.pow(2) + 1e-6)).sum(-1, keepdim=True)


for it in range(40):
    s = torch.randn(64, 2)
    with torch.no_grad():
        a, _ = policy(s)
        s2 = 0.9 * s + 0.1 * torch.randn_like(s)
        r = -(a - s[:, :1]).pow(2)
        a2, lp2 = policy(s2)
        qt = torch.min(t1(torch.cat([s2, a2], 1)), t2(torch.cat([s2, a2], 1)))
        y = r + 0.95 * (qt - log_alpha.exp() * lp2)
    sa = torch.cat([s, a], 1)
    loss_q = nn.functional.mse_loss(q1(sa), y) + nn.functional.mse_loss(q2(sa), y)
    opt_q.zero_grad()
    loss_q.backward()
    opt_q.step()
    a_new, lp = policy(s)
    sa_new = torch.cat([s, a_new], 1)
    loss_a = (log_alpha.exp().detach() * lp - torch.min(q1(sa_new), q2(sa_new))).mean()
    opt_a.zero_grad()
    loss_a.backward()
    opt_a.step()
    loss_t = -(log_alpha * (lp.detach() - 1.0)).mean()
    opt_t.zero_grad()
    loss_t.backward()
    opt_t.step()
    with torch.no_grad():
        for net, tgt in ((q1, t1), (q2, t2)):
            for p, q in zip(net.parameters(), tgt.parameters()):
                q.mul_(0.995).add_(p, alpha=0.005)
print(loss_q.item(), loss_a.item(), log_alpha.item())
