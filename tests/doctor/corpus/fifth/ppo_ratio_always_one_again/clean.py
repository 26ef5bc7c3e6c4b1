import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(21)


class Corridor:
    """N walkers on cells 0..8; +1 at the right end, small cost per move."""

    def __init__(self, n):
        self.n = n
        self.pos = torch.full((n,), 4)

    def observe(self):
        return nn.functional.one_hot(self.pos, 9).float()

    def step(self, action):
        self.pos = (self.pos + 2 * action - 1).clamp(0, 8)
        done = self.pos == 8
        reward = done.float() - 0.02
        self.pos = torch.where(done, torch.full_like(self.pos, 4), self.pos)
        return self.observe(), reward, done.float()


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(9, 32), nn.Tanh())
        self.pi = nn.Linear(32, 2)
        self.v = nn.Linear(32, 1)

    def forward(self, s):
        h = self.body(s)
        return Categorical(logits=self.pi(h)), self.v(h).squeeze(-1)


@torch.no_grad()
def rollout(env, net, horizon):
    S, A, LP, R, D, V = [], [], [], [], [], []
    s = env.observe()
    for _ in range(horizon):
        dist, v = net(s)
        a = dist.sample()
        s2, r, d = env.step(a)
        for buf, item in zip((S, A, LP, R, D, V), (s, a, dist.log_prob(a), r, d, v)):
            buf.append(item)
        s = s2
    V.append(net(s)[1])
    return [torch.stack(b) for b in (S, A, LP, R, D, V)]


def gae(R, D, V, gamma=0.97, lam=0.95):
    adv, last = torch.zeros_like(R), torch.zeros(R.shape[1])
    for t in reversed(range(len(R))):
        delta = R[t] + gamma * V[t + 1] * (1 - D[t]) - V[t]
        last = delta + gamma * lam * (1 - D[t]) * last
        adv[t] = last
    return adv, adv + V[:-1]


env, net = Corridor(16), ActorCritic()
opt = torch.optim.Adam(net.parameters(), lr=3e-3, eps=1e-5)
clip_eps = 0.2
for it in range(15):
    S, A, LP, R, D, V = rollout(env, net, 32)
    adv, ret = gae(R, D, V)
    S, A, old_logp, adv, ret = S.flatten(0, 1), A.flatten(), LP.flatten(), adv.flatten(), ret.flatten()
    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    for _ in range(4):
        for mb in torch.randperm(len(A)).split(128):
            dist, value = net(S[mb])
            logp = dist.log_prob(A[mb])
            ratio = (logp - old_logp[mb]).exp()
            surrogate = torch.min(ratio * adv[mb], ratio.clamp(1 - clip_eps, 1 + clip_eps) * adv[mb])
            loss = -surrogate.mean() + 0.5 * (value - ret[mb]).pow(2).mean() - 0.01 * dist.entropy().mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 0.5)
            opt.step()
    print(it, "reward per step", round(R.mean().item(), 3))
