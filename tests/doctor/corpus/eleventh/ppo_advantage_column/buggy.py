import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical

cfg = dict(iters=15, n_steps=256, epochs=4, minibatch=64, clip=0.2, lr=3e-3, ent=0.01)


class ActorCritic(nn.Module):
    def __init__(self, obs_dim, n_act):
        super().__init__()
        self.pi = nn.Sequential(nn.Linear(obs_dim, 32), nn.Tanh(), nn.Linear(32, n_act))
        self.v = nn.Sequential(nn.Linear(obs_dim, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, obs):
        return Categorical(logits=self.pi(obs)), self.v(obs)


def play(ac, n, rng):
    """contextual bandit with 4 arms: one-step episodes, return == reward"""
    obs = torch.as_tensor(rng.normal(size=(n, 4)), dtype=torch.float32)
    with torch.no_grad():
        dist, value = ac(obs)
        act = dist.sample()
        logp = dist.log_prob(act)
    rew = obs.gather(1, act[:, None]) + 0.1 * torch.as_tensor(rng.normal(size=(n, 1)), dtype=torch.float32)
    adv = rew - value
    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    return obs, act, logp, adv, rew


def update(ac, opt, obs, act, logp_old, adv, ret):
    for _ in range(cfg["epochs"]):
        for mb in torch.randperm(len(obs)).split(cfg["minibatch"]):
            dist, v = ac(obs[mb])
            ratio = torch.exp(dist.log_prob(act[mb]) - logp_old[mb])
            surr1 = ratio * adv[mb]
            surr2 = torch.clamp(ratio, 1 - cfg["clip"], 1 + cfg["clip"]) * adv[mb]
            pi_loss = -torch.min(surr1, surr2).mean()
            v_loss = ((v - ret[mb]) ** 2).mean()
            loss = pi_loss + 0.5 * v_loss - cfg["ent"] * dist.entropy().mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(ac.parameters(), 0.5)
            opt.step()


if __name__ == "__main__":
    torch.manual_seed(3)
    rng = np.random.default_rng(3)
    ac = ActorCritic(4, 4)
    opt = torch.optim.Adam(ac.parameters(), lr=cfg["lr"])
    for it in range(cfg["iters"]):
        batch = play(ac, cfg["n_steps"], rng)
        update(ac, opt, *batch)
        if it % 5 == 4:
            print(f"iter {it + 1}: mean reward {batch[4].mean().item():.3f}")
