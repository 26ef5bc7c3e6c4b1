import argparse

import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical

parser = argparse.ArgumentParser()
parser.add_argument("--gamma", type=float, default=0.99)
parser.add_argument("--lam", type=float, default=0.95)
parser.add_argument("--clip", type=float, default=0.2)
parser.add_argument("--horizon", type=int, default=256)
parser.add_argument("--updates", type=int, default=6)
args = parser.parse_args()


class Balance:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def reset(self):
        self.s = self.rng.normal(0, 0.1, 2).astype(np.float32)
        return self.s.copy()

    def step(self, a):
        push = 0.1 if a == 1 else -0.1
        self.s[1] += 0.15 * self.s[0] + push + self.rng.normal(0, 0.02)
        self.s[0] += 0.2 * self.s[1]
        return self.s.copy(), 1.0, bool(abs(self.s[0]) > 1.0)


torch.manual_seed(0)
env = Balance(0)
pi = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))
vf = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
opt = torch.optim.Adam(list(pi.parameters()) + list(vf.parameters()), lr=3e-3)
obs = env.reset()
for update in range(args.updates):
    O, A, R, D, V, L = [], [], [], [], [], []
    for _ in range(args.horizon):
        o = torch.from_numpy(obs)
        with torch.no_grad():
            dist = Categorical(logits=pi(o))
            a = dist.sample()
            V.append(vf(o).item()); L.append(dist.log_prob(a))
        obs, r, d = env.step(int(a))
        O.append(o); A.append(a); R.append(r); D.append(float(d))
        if d:
            obs = env.reset()
    with torch.no_grad():
        next_v = vf(torch.from_numpy(obs)).item()
    adv, gae = torch.zeros(args.horizon), 0.0
    for t in reversed(range(args.horizon)):
        delta = R[t] + args.gamma * next_v * (1 - D[t]) - V[t]
        gae = delta + args.gamma * args.lam * gae
        adv[t], next_v = gae, V[t]
    ret = adv + torch.tensor(V)
    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    O, A, L = torch.stack(O), torch.stack(A), torch.stack(L)
    for _ in range(4):
        for mb in torch.randperm(args.horizon).split(64):
            dist = Categorical(logits=pi(O[mb]))
            ratio = (dist.log_prob(A[mb]) - L[mb]).exp()
            surr = torch.min(ratio * adv[mb], ratio.clamp(1 - args.clip, 1 + args.clip) * adv[mb])
            v_loss = (vf(O[mb]).squeeze(-1) - ret[mb]).pow(2).mean()
            loss = -surr.mean() + 0.5 * v_loss - 0.01 * dist.entropy().mean()
            opt.zero_grad(); loss.backward(); opt.step()
    print(f"update {update}: {int(sum(D))} falls, value loss {v_loss.item():.3f}")
