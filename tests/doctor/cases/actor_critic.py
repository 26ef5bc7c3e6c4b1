import torch
from torch import nn
from torch.distributions import Categorical
import gymnasium as gym
class AC(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
        self.pi, self.v = nn.Linear(64, 2), nn.Linear(64, 1)
    def forward(self, s):
        h = self.body(s)
        return Categorical(logits=self.pi(h)), self.v(h).squeeze(-1)
torch.manual_seed(0)
env = gym.make("CartPole-v1")
ac = AC()
opt = torch.optim.Adam(ac.parameters(), lr=3e-4)
s, _ = env.reset(seed=0)
for update in range(200):
    S, A, R, Dn, LP, V = [], [], [], [], [], []
    for _ in range(512):
        st = torch.as_tensor(s, dtype=torch.float32)
        with torch.no_grad():
            d, v = ac(st)
            a = d.sample()
        s2, r, term, trunc, _ = env.step(a.item())
        S.append(st); A.append(a); R.append(r); Dn.append(float(term or trunc)); LP.append(d.log_prob(a)); V.append(v)
        s = env.reset()[0] if term or trunc else s2
    S, A, LP, V = torch.stack(S), torch.stack(A), torch.stack(LP), torch.stack(V)
    adv, last, nextv = torch.zeros(512), 0.0, 0.0
    for t in reversed(range(512)):
        delta = R[t] + 0.99 * nextv * (1 - Dn[t]) - V[t]
        last = delta + 0.99 * 0.95 * (1 - Dn[t]) * last
        adv[t], nextv = last, V[t]
    ret = adv + V
    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    for _ in range(4):
        for idx in torch.randperm(512).split(64):
            d, v = ac(S[idx])
            ratio = (d.log_prob(A[idx]) - LP[idx]).exp()
            clipped = ratio.clamp(0.8, 1.2)
            loss = -torch.min(ratio * adv[idx], clipped * adv[idx]).mean() + 0.5 * (v - ret[idx]).pow(2).mean() - 0.01 * d.entropy().mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(ac.parameters(), 0.5)
            opt.step()
