import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical


class Actor(nn.Module):
    def __init__(self, n_obs: int, n_act: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_obs, 32), nn.ReLU(), nn.Linear(32, n_act))

    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        return F.softmax(self.body(obs), dim=-1)


class Bandit:
    """Contextual bandit: eight arms, the right one follows from the context."""

    def __init__(self, seed: int) -> None:
        self.g = torch.Generator().manual_seed(seed)
        self.w = torch.randn(5, 8, generator=self.g)

    def contexts(self, n: int) -> torch.Tensor:
        return torch.randn(n, 5, generator=self.g)

    def pay(self, ctx: torch.Tensor, arm: torch.Tensor) -> torch.Tensor:
        return ((ctx @ self.w).argmax(1) == arm).float()


def select_action(actor: Actor, ctx: torch.Tensor):
    dist = Categorical(logits=actor(ctx))
    action = dist.sample()
    return action, dist.log_prob(action)


def train(bandit: Bandit, actor: Actor, steps: int) -> None:
    opt = torch.optim.Adam(actor.parameters(), lr=1e-2)
    base = 0.0
    for step in range(steps):
        ctx = bandit.contexts(128)
        action, logp = select_action(actor, ctx)
        reward = bandit.pay(ctx, action)
        loss = -(logp * (reward - base)).mean()
        base = 0.9 * base + 0.1 * reward.mean().item()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 100 == 99:
            print(f"step {step + 1}: average reward {base:.3f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    train(Bandit(1), Actor(5, 8), 400)
