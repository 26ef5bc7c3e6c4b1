import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F

ap = argparse.ArgumentParser()
ap.add_argument('--arms', type=int, default=6)
ap.add_argument('--contexts', type=int, default=10)
ap.add_argument('--steps', type=int, default=400)
ap.add_argument('--ent-coef', type=float, default=0.03)
ap.add_argument('--lr', type=float, default=1e-2)
opt_ = ap.parse_args()

torch.manual_seed(12)
MEAN = torch.rand(opt_.contexts, opt_.arms)


def pull(c, a):
    return MEAN[c, a] + 0.3 * torch.randn(len(c))


class Policy(nn.Module):
    def __init__(self, n_ctx, n_arms):
        super().__init__()
        self.emb = nn.Embedding(n_ctx, 32)
        self.out = nn.Linear(32, n_arms)

    def forward(self, c):
        return F.log_softmax(self.out(torch.relu(self.emb(c))), dim=-1)


def policy_loss(logp, a, adv):
    return -(logp.gather(1, a[:, None]).squeeze(1) * adv).mean()


def entropy(logp):
    return -(logp.exp() * logp).sum(-1).mean()


pi = Policy(opt_.contexts, opt_.arms)
optim = torch.optim.Adam(pi.parameters(), lr=opt_.lr)
baseline = torch.zeros(opt_.contexts)

for step in range(opt_.steps):
    c = torch.randint(opt_.contexts, (32,))
    logp = pi(c)
    a = torch.multinomial(logp.detach().exp(), 1).squeeze(1)
    r = pull(c, a)
    adv = r - baseline[c]
    baseline.scatter_reduce_(0, c, baseline[c] + 0.05 * adv, 'mean', include_self=True)
    H = entropy(logp)
    loss = policy_loss(logp, a, adv) + opt_.ent_coef * H
    optim.zero_grad()
    loss.backward()
    optim.step()
    if (step + 1) % 100 == 0:
        print(f'{step + 1}: entropy {H.item():.3f}')

with torch.no_grad():
    p = pi(torch.arange(opt_.contexts)).exp()
print('regret %.4f' % (MEAN.max(1).values - (p * MEAN).sum(1)).mean().item())
