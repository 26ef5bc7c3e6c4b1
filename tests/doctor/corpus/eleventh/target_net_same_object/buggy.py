import copy
from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Config:
    gamma: float = 0.97
    lr: float = 2e-3
    tau_every: int = 40
    steps: int = 400
    batch: int = 64
    seed: int = 3


class QNet(nn.Module):
    def __init__(self, n_obs=4, n_act=3):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_obs, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU())
        self.head = nn.Linear(48, n_act)

    def forward(self, obs):
        return self.head(self.body(obs))


def make_dataset(n=3000):
    """Logged transitions of a random policy in a small linear system."""
    obs = torch.randn(n, 4)
    act = torch.randint(0, 3, (n,))
    push = (act.float() - 1.0).unsqueeze(1)
    nxt = 0.9 * obs + 0.2 * push + 0.05 * torch.randn(n, 4)
    rew = -nxt.pow(2).mean(dim=1)
    done = (nxt.abs().max(dim=1).values > 3.0).float()
    return obs, act, rew, nxt, done


class OfflineDQN:
    def __init__(self, cfg):
        self.cfg = cfg
        self.online = QNet()
        self.target = self.online
        self.optim = torch.optim.Adam(self.online.parameters(), lr=cfg.lr)

    def update(self, step, obs, act, rew, nxt, done):
        with torch.no_grad():
            y = rew + self.cfg.gamma * (1 - done) * self.target(nxt).amax(dim=1)
        q = self.online(obs).gather(1, act[:, None])[:, 0]
        loss = nn.functional.mse_loss(q, y)
        self.optim.zero_grad()
        loss.backward()
        self.optim.step()
        if step % self.cfg.tau_every == 0:
            self.target.load_state_dict(self.online.state_dict())
        return loss.item()


if __name__ == "__main__":
    cfg = Config()
    torch.manual_seed(cfg.seed)
    data = make_dataset()
    agent = OfflineDQN(cfg)
    for step in range(1, cfg.steps + 1):
        idx = torch.randint(0, len(data[0]), (cfg.batch,))
        loss = agent.update(step, *(col[idx] for col in data))
        if step % 100 == 0:
            print(f"step {step}: td loss {loss:.4f}")
