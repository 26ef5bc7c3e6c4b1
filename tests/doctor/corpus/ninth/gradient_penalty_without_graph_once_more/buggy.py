import torch
import torch.nn as nn
import torch.nn.functional as F


def agree_with(y, rate, gen):
    return torch.where(torch.rand(len(y), generator=gen) < rate, 2 * y - 1, 1 - 2 * y)


def environment(n, spurious, gen):
    """Shape feature holds everywhere (75 %), colour feature only as often as `spurious` says."""
    y = torch.randint(0, 2, (n,), generator=gen).float()
    shape, colour = agree_with(y, 0.75, gen), agree_with(y, spurious, gen)
    x = torch.randn(n, 6, generator=gen) * 0.3
    x[:, 0] += shape
    x[:, 1] += colour
    return x, y


class InvariantTrainer:
    def __init__(self, envs, penalty=200.0, warm=60, lr=5e-3):
        self.envs = envs
        self.net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))
        self.opt = torch.optim.Adam(self.net.parameters(), lr=lr)
        self.penalty, self.warm = penalty, warm

    def env_terms(self, x, y):
        scale = torch.ones((), requires_grad=True)
        loss = F.binary_cross_entropy_with_logits(self.net(x) * scale, y)
        (slope,) = torch.autograd.grad(loss, scale, retain_graph=True)
        return loss, slope ** 2

    def fit(self, steps):
        self.net.train()
        for step in range(1, steps + 1):
            terms = [self.env_terms(x, y) for x, y in self.envs]
            risk = torch.stack([t[0] for t in terms]).mean()
            spread = torch.stack([t[1] for t in terms]).mean()
            weight = self.penalty if step > self.warm else 1.0
            objective = (risk + weight * spread) / max(weight, 1.0)
            self.opt.zero_grad()
            objective.backward()
            self.opt.step()
            if step % 100 == 0:
                print(f"step {step} risk {risk.item():.4f} penalty {spread.item():.6f}")

    @torch.no_grad()
    def accuracy(self, x, y):
        self.net.eval()
        return ((self.net(x) > 0).float() == y).float().mean().item()


def main():
    torch.manual_seed(60)
    gen = torch.Generator().manual_seed(60)
    train_envs = [environment(2000, p, gen) for p in (0.9, 0.8)]
    trainer = InvariantTrainer(train_envs)
    trainer.fit(400)
    for p in (0.9, 0.8, 0.1):
        print(f"colour agrees {p:.1f}: accuracy {trainer.accuracy(*environment(2000, p, gen)):.3f}")


if __name__ == "__main__":
    main()
