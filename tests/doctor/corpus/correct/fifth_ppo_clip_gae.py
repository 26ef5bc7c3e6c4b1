"""PPO with a Gaussian policy: GAE, several epochs over one rollout, clipped ratio, approximate KL stop, running observation scaling."""
from dataclasses import dataclass

import torch
from torch import nn
from torch.distributions import Independent, Normal


@dataclass(frozen=True)
class HP:
    envs: int = 24
    horizon: int = 40
    iters: int = 14
    epochs: int = 4
    minibatches: int = 4
    gamma: float = 0.95
    lam: float = 0.9
    clip: float = 0.2
    target_kl: float = 0.03
    ent: float = 1e-3


class Tracker:
    """1-D target tracking, continuing task without terminal states; episodes are cut after 20 steps."""

    def __init__(self, n, gen):
        self.n, self.gen = n, gen
        self.t = torch.zeros(n)
        self.s = torch.zeros(n, 2)
        self.reset(torch.ones(n, dtype=torch.bool))

    def reset(self, who):
        k = int(who.sum())
        self.s[who] = torch.randn(k, 2, generator=self.gen) * torch.tensor([1.0, 30.0])
        self.t[who] = 0

    def step(self, a):
        self.s = torch.stack([self.s[:, 0] + 0.4 * a.squeeze(1).clamp(-1, 1), self.s[:, 1]], 1)
        reward = -(self.s[:, 0] - self.s[:, 1] / 30).abs()
        self.t += 1
        cut = self.t >= 20
        final = self.s.clone()
        self.reset(cut)
        return self.s.clone(), reward, cut, final


class RunningNorm(nn.Module):
    """Welford over everything seen while collecting; frozen during the update epochs and in evaluation."""

    def __init__(self, d):
        super().__init__()
        self.register_buffer("mean", torch.zeros(d))
        self.register_buffer("m2", torch.ones(d))
        self.register_buffer("n", torch.tensor(1.0))

    @torch.no_grad()
    def observe(self, x):
        b, mean, m2 = len(x), x.mean(0), x.var(0, unbiased=False) * len(x)
        delta, tot = mean - self.mean, self.n + b
        self.m2 += m2 + delta.square() * self.n * b / tot
        self.mean += delta * b / tot
        self.n.copy_(tot)

    def forward(self, x):
        return (x - self.mean) / (self.m2 / self.n + 1e-6).sqrt()


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = RunningNorm(2)
        self.mu = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
        self.v = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
        self.log_std = nn.Parameter(torch.full((1,), -0.5))

    def dist(self, z):
        mu = self.mu(z)
        return Independent(Normal(mu, self.log_std.exp().expand_as(mu)), 1)

    def value(self, z):
        return self.v(z).squeeze(-1)


@torch.no_grad()
def collect(agent, env, obs, hp):
    rows = {k: [] for k in ("z", "a", "logp", "v", "r", "cut", "v_next")}
    for _ in range(hp.horizon):
        agent.norm.observe(obs)
        z = agent.norm(obs)  # the scaled input is stored: later updates see exactly what the policy saw
        d = agent.dist(z)
        a = d.sample()
        nxt, r, cut, final = env.step(a)
        for k, val in zip(rows, (z, a, d.log_prob(a), agent.value(z), r, cut.float(), agent.value(agent.norm(final)))):
            rows[k].append(val)
        obs = nxt
    return {k: torch.stack(v) for k, v in rows.items()}, obs


def gae(b, hp):
    adv, out = torch.zeros_like(b["r"][0]), []
    for t in reversed(range(hp.horizon)):
        delta = b["r"][t] + hp.gamma * b["v_next"][t] - b["v"][t]  # always bootstrapped: nothing here is terminal
        adv = delta + hp.gamma * hp.lam * (1 - b["cut"][t]) * adv
        out.append(adv)
    return torch.stack(out[::-1])


def update(agent, opt, b, hp):
    adv = gae(b, hp)
    b = {**b, "adv": adv, "ret": adv + b["v"]}
    flat = {k: v.flatten(0, 1) for k, v in b.items()}
    for _ in range(hp.epochs):
        kls = []
        for rows in torch.randperm(len(flat["r"])).chunk(hp.minibatches):
            m = {k: v[rows] for k, v in flat.items()}
            d = agent.dist(m["z"])
            logratio = d.log_prob(m["a"]) - m["logp"]
            ratio = logratio.exp()
            a = (m["adv"] - m["adv"].mean()) / (m["adv"].std() + 1e-8)
            pi = -torch.min(ratio * a, ratio.clamp(1 - hp.clip, 1 + hp.clip) * a).mean()
            v = 0.5 * (agent.value(m["z"]) - m["ret"]).square().mean()
            loss = pi + 0.5 * v - hp.ent * d.entropy().mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            opt.step()
            kls.append(((ratio - 1) - logratio).detach().mean())
        if torch.stack(kls).mean() > hp.target_kl:
            break
    return pi.item(), v.item()


@torch.no_grad()
def evaluate(agent):
    env, total = Tracker(200, torch.Generator().manual_seed(5)), 0.0
    obs = env.s.clone()
    for _ in range(20):
        obs, r, _, _ = env.step(agent.mu(agent.norm(obs)))
        total += r.mean().item()
    return total


def main():
    hp = HP()
    torch.manual_seed(0)
    env = Tracker(hp.envs, torch.Generator().manual_seed(1))
    agent = Agent()
    opt = torch.optim.Adam(agent.parameters(), lr=3e-3, eps=1e-5)
    sched = torch.optim.lr_scheduler.LinearLR(opt, 1.0, 0.1, total_iters=hp.iters)  # one step per rollout
    obs = env.s.clone()
    for it in range(hp.iters):
        batch, obs = collect(agent, env, obs, hp)
        pi, v = update(agent, opt, batch, hp)
        sched.step()
        if it % 4 == 1:
            print(f"iter {it} pi {pi:+.3f} v {v:.3f} std {agent.log_std.exp().item():.2f} eval {evaluate(agent):.2f}")


if __name__ == "__main__":
    main()
