"""DP-SGD: per-sample gradients with vmap, clipped one by one, noised, written into .grad before the step."""
import math
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

C, SIGMA, BATCH, STEPS = 1.0, 0.8, 100, 150


def make_data(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    ang = y * 2 * math.pi / 3
    x = torch.stack([ang.cos(), ang.sin(), (2 * ang).cos(), (2 * ang).sin()], 1) * 1.5
    return x + torch.randn(n, 4, generator=gen), y


class PrivateTrainer:
    """Poisson sampling; the model must not mix samples, so no BatchNorm."""

    def __init__(self, model, lr, clip, sigma, expected_batch):
        self.model, self.clip, self.sigma, self.b = model, clip, sigma, expected_batch
        self.opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        self.per_sample = vmap(grad(self._loss), in_dims=(None, 0, 0))

    def _loss(self, params, x, y):
        logits = functional_call(self.model, params, (x.unsqueeze(0),))
        return nn.functional.cross_entropy(logits, y.unsqueeze(0))

    def step(self, x, y):
        params = {k: p.detach() for k, p in self.model.named_parameters()}
        g = self.per_sample(params, x, y)
        norms = torch.stack([v.flatten(1).norm(dim=1) for v in g.values()], 1).norm(dim=1)
        factor = (self.clip / (norms + 1e-6)).clamp(max=1.0)
        for k, p in self.model.named_parameters():
            summed = torch.einsum("n,n...->...", factor, g[k])
            summed = summed + self.sigma * self.clip * torch.randn_like(summed)
            p.grad = summed / self.b
        self.opt.step()
        return (norms > self.clip).float().mean().item()


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    logits = model(x)
    model.train()
    return nn.functional.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(2718)
    gen = torch.Generator().manual_seed(2718)
    x, y = make_data(4000, gen)
    xt, yt = make_data(600, gen)
    model = nn.Sequential(nn.Linear(4, 24), nn.Tanh(), nn.Linear(24, 3))
    trainer = PrivateTrainer(model, lr=0.2, clip=C, sigma=SIGMA, expected_batch=BATCH)
    q = BATCH / len(x)
    for s in range(1, STEPS + 1):
        chosen = torch.rand(len(x)) < q
        clipped = trainer.step(x[chosen], y[chosen])
        if s % 30 == 0:
            loss, acc = evaluate(model, xt, yt)
            print(f"step {s} clipped {clipped:.2f} test loss {loss:.3f} acc {acc:.3f}")
    print(f"sampling rate {q:.3f}, {STEPS} noisy steps")


if __name__ == "__main__":
    main()
