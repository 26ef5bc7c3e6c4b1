"""MAML (Finn et al. 2017) on sinusoid regression, with the full second-order meta-gradient:
the outer loss is differentiated through the inner SGD steps."""
from dataclasses import dataclass

import torch
import torch.nn.functional as F


@dataclass
class Config:
    inner_lr: float = 0.02
    inner_steps: int = 2
    meta_lr: float = 2e-3
    tasks_per_batch: int = 8
    shots: int = 10
    iterations: int = 100


def init_params(h=32):
    def layer(n_in, n_out):
        w = torch.randn(n_out, n_in) * (1.0 / n_in) ** 0.5
        return [w.requires_grad_(), torch.zeros(n_out, requires_grad=True)]
    return layer(1, h) + layer(h, h) + layer(h, 1)


def forward(params, x):
    w1, b1, w2, b2, w3, b3 = params
    h = torch.tanh(F.linear(x, w1, b1))
    h = torch.tanh(F.linear(h, w2, b2))
    return F.linear(h, w3, b3)


def sample_task():
    amp, phase = 0.5 + 2 * torch.rand(1), 3.1416 * torch.rand(1)

    def draw(k):
        x = torch.rand(k, 1) * 10 - 5
        return x, amp * torch.sin(x + phase)
    return draw


def adapt(params, x, y, cfg):
    fast = params
    for _ in range(cfg.inner_steps):
        loss = F.mse_loss(forward(fast, x), y)
        grads = torch.autograd.grad(loss, fast)
        fast = [p - cfg.inner_lr * g for p, g in zip(fast, grads)]
    return fast


def evaluate(params, cfg, n_tasks=40):
    before = after = 0.0
    for _ in range(n_tasks):
        draw = sample_task()
        xs, ys = draw(cfg.shots)
        xq, yq = draw(50)
        fast = adapt(params, xs, ys, cfg)
        with torch.no_grad():
            before += F.mse_loss(forward(params, xq), yq).item() / n_tasks
            after += F.mse_loss(forward(fast, xq), yq).item() / n_tasks
    return before, after


def main(cfg):
    torch.manual_seed(12)
    params = init_params()
    meta_opt = torch.optim.Adam(params, lr=cfg.meta_lr)
    for it in range(cfg.iterations):
        meta_opt.zero_grad()
        for _ in range(cfg.tasks_per_batch):
            draw = sample_task()
            fast = adapt(params, *draw(cfg.shots), cfg)
            xq, yq = draw(cfg.shots)
            (F.mse_loss(forward(fast, xq), yq) / cfg.tasks_per_batch).backward()
        meta_opt.step()
    print("query mse before / after adaptation: %.3f / %.3f" % evaluate(params, cfg))


main(Config())
