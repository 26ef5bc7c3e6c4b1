import math

import torch
import torch.nn.functional as F


class MAML:
    """Sinusoid regression with the full (second-order) meta-gradient of Finn et al. 2017."""

    def __init__(self, hidden=32, inner_lr=0.05, inner_steps=2, meta_lr=3e-3):
        self.params = [
            torch.randn(hidden, 1) * 0.7, torch.zeros(hidden),
            torch.randn(hidden, hidden) / math.sqrt(hidden), torch.zeros(hidden),
            torch.randn(1, hidden) / math.sqrt(hidden), torch.zeros(1),
        ]
        for p in self.params:
            p.requires_grad_(True)
        self.inner_lr, self.inner_steps = inner_lr, inner_steps
        self.meta_opt = torch.optim.Adam(self.params, lr=meta_lr)

    @staticmethod
    def forward(x, w):
        h = torch.tanh(F.linear(x, w[0], w[1]))
        h = torch.tanh(F.linear(h, w[2], w[3]))
        return F.linear(h, w[4], w[5])

    def adapt(self, x, y):
        fast = list(self.params)
        for _ in range(self.inner_steps):
            loss = F.mse_loss(self.forward(x, fast), y)
            grads = torch.autograd.grad(loss, fast)
            fast = [w - self.inner_lr * g for w, g in zip(fast, grads)]
        return fast

    def meta_step(self, tasks):
        self.meta_opt.zero_grad()
        total = 0.0
        for (xs, ys), (xq, yq) in tasks:
            total = total + F.mse_loss(self.forward(xq, self.adapt(xs, ys)), yq)
        total = total / len(tasks)
        total.backward()
        self.meta_opt.step()
        return total.item()

    def evaluate(self, tasks):
        err = 0.0
        for (xs, ys), (xq, yq) in tasks:
            fast = self.adapt(xs, ys)
            with torch.no_grad():
                err += F.mse_loss(self.forward(xq, fast), yq).item()
        return err / len(tasks)


def sample_task(k=10, q=15):
    amp = 0.5 + 2.0 * torch.rand(1)
    phase = math.pi * torch.rand(1)

    def draw(n):
        x = 6 * torch.rand(n, 1) - 3
        return x, amp * torch.sin(x + phase)

    return draw(k), draw(q)


if __name__ == "__main__":
    torch.manual_seed(12)
    held_out = [sample_task() for _ in range(50)]
    learner = MAML()
    for it in range(1, 151):
        loss = learner.meta_step([sample_task() for _ in range(4)])
        if it % 50 == 0:
            print(f"iter {it}: query loss {loss:.3f}  held-out after adaptation {learner.evaluate(held_out):.3f}")
