"""Contextual bandit: Thompson-like exploration with a bootstrapped ensemble of reward models."""
import numpy as np
import torch
import torch.nn as nn

ARMS, DIM, HEADS = 4, 5, 5


class Ensemble(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(DIM, 24), nn.ReLU(), nn.Linear(24, ARMS)) for _ in range(HEADS))

    def forward(self, x):
        return torch.stack([h(x) for h in self.heads])


def main(rounds=600):
    torch.manual_seed(13)
    rng = np.random.default_rng(13)
    weights = torch.randn(DIM, ARMS)
    net = Ensemble()
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    contexts, actions, rewards, masks = [], [], [], []
    regret = []
    for t in range(1, rounds + 1):
        x = torch.randn(DIM)
        mean_reward = torch.tanh(x @ weights)
        with torch.no_grad():
            arm = net(x)[int(rng.integers(HEADS))].argmax().item()
        contexts.append(x)
        actions.append(arm)
        rewards.append(mean_reward[arm].item() + 0.1 * rng.normal())
        masks.append(torch.from_numpy(rng.poisson(1.0, HEADS)).float())
        regret.append((mean_reward.max() - mean_reward[arm]).item())

        if t >= 50 and t % 5 == 0:
            for _ in range(2):
                idx = rng.integers(0, t, 64)
                a = torch.tensor([actions[i] for i in idx])
                r = torch.tensor([rewards[i] for i in idx], dtype=torch.float32)
                w = torch.stack([masks[i] for i in idx], dim=1)
                pred = net(torch.stack([contexts[i] for i in idx]))
                chosen = pred.gather(2, a.view(1, -1, 1).expand(HEADS, -1, 1)).squeeze(2)
                loss = (w * (chosen - r) ** 2).sum(1).div(w.sum(1).clamp(min=1)).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        if t % 150 == 0:
            print(f"round {t}: mean regret of the last 150 {np.mean(regret[-150:]):.3f}")


if __name__ == "__main__":
    main()
