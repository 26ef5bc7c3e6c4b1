import torch
from torch import nn
from torch.distributions import Normal

torch.manual_seed(0)
N_ENV, HORIZON, UPDATES = 16, 64, 14
GAMMA, LAM, CLIP, ENT, VF = 0.97, 0.95, 0.2, 1e-3, 0.5


class PointMass:
    """Vectorised: drive x to zero. Every episode lasts 32 steps and then truly ends (time is observed)."""

    def __init__(self, n):
        self.n = n
        self.x, self.t = torch.rand(n) * 4 - 2, torch.randint(0, 32, (n,))

    def obs(self):
        return torch.stack([self.x, self.t / 32], 1)

    def step(self, u):
        self.x = self.x + 0.3 * u.clamp(-1, 1)
        reward = -self.x.abs()
        self.t = self.t + 1
        done = self.t >= 32
        self.x = torch.where(done, torch.rand(self.n) * 4 - 2, self.x)
        self.t = torch.where(done, torch.zeros_like(self.t), self.t)
        return self.obs(), reward, done.float()


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.pi = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
        self.v = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
        self.log_std = nn.Parameter(torch.zeros(1))

    def forward(self, o):
        return Normal(self.pi(o).squeeze(-1), self.log_std.exp()), self.v(o).squeeze(-1)


env, net = PointMass(N_ENV), ActorCritic()
opt = torch.optim.Adam(net.parameters(), lr=3e-3, eps=1e-5)
obs, done = env.obs(), torch.zeros(N_ENV)
for update in range(UPDATES):
    opt.param_groups[0]["lr"] = 3e-3 * (1 - update / UPDATES)
    O, A, LP, R, D, V = ([] for _ in range(6))
    with torch.no_grad():
        for _ in range(HORIZON):
            dist, v = net(obs)
            a = dist.sample()
            nxt, r, done = env.step(a)
            for lst, item in zip((O, A, LP, R, D, V), (obs, a, dist.log_prob(a), r, done, v)):
                lst.append(item)
            obs = nxt
        _, last_v = net(obs)
        O, A, LP, R, D, V = map(torch.stack, (O, A, LP, R, D, V))
        adv, run = torch.zeros_like(R), torch.zeros(N_ENV)
        nv = last_v
        for t in reversed(range(HORIZON)):
            alive = 1 - D[t]
            delta = R[t] + GAMMA * nv * alive - V[t]
            run = delta + GAMMA * LAM * alive * run
            adv[t], nv = run, V[t]
        ret = adv + V
    O, A, LP, adv, ret = O.flatten(0, 1), A.flatten(), LP.flatten(), adv.flatten(), ret.flatten()
    for _ in range(4):
        for idx in torch.randperm(len(A)).split(256):
            dist, v = net(O[idx])
            ratio = (dist.log_prob(A[idx]) - LP[idx]).exp()
            ad = adv[idx]
            ad = (ad - ad.mean()) / (ad.std() + 1e-8)
            surr = torch.min(ratio * ad, ratio.clamp(1 - CLIP, 1 + CLIP) * ad).mean()
            loss = -surr + VF * (v - ret[idx]).pow(2).mean() - ENT * dist.entropy().mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 0.5)
            opt.step()
    print(f"update {update:2d} mean reward {R.mean().item():.3f} std {net.log_std.exp().item():.2f}")
