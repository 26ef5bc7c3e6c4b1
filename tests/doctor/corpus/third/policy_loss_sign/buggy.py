import torch as t, torch.nn as nn
from torch.distributions import Categorical

# bandit walk: state = 2d position, goal at the origin, 4 moves
t.manual_seed(4)
MOVES = t.tensor([[0.25, 0.0], [-0.25, 0.0], [0.0, 0.25], [0.0, -0.25]])
pi = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 4))
opt = t.optim.Adam(pi.parameters(), lr=1e-2)

def rollout(T=12, B=24):
    s = t.rand(B, 2) * 2 - 1
    lps, rs = [], []
    for _ in range(T):
        d = Categorical(logits=pi(s))
        a = d.sample()
        lps.append(d.log_prob(a))
        s = s + MOVES[a]
        rs.append(-s.norm(dim=1))
    return t.stack(lps), t.stack(rs)

def rewards_to_go(rs, g=0.95):
    out, acc = [], t.zeros_like(rs[0])
    for r in reversed(rs):
        acc = r + g * acc
        out.append(acc)
    out.reverse()
    return t.stack(out)

def surrogate(lps, rs):
    ret = rewards_to_go(rs)
    adv = ret - ret.mean(1, keepdim=True)          # baseline: same time step, other walks
    adv = adv / (ret.std() + 1e-6)
    return (lps * adv).sum(0).mean()

for it in range(120):
    lps, rs = rollout()
    loss = surrogate(lps, rs)
    opt.zero_grad(); loss.backward()
    nn.utils.clip_grad_norm_(pi.parameters(), 1.0)
    opt.step()
with t.no_grad():
    _, rs = rollout(B=200)
print("mean distance to the goal at the end", -rs[-1].mean().item())
