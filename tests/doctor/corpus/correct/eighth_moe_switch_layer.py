"""Top-1 mixture of experts (Switch Transformer) with capacity, load-balancing loss and router z-loss."""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class MoEConfig:
    dim: int = 16
    hidden: int = 24
    experts: int = 4
    capacity_factor: float = 1.5
    jitter: float = 0.02
    balance: float = 0.1
    z: float = 1e-3


class SwitchLayer(nn.Module):
    def __init__(self, c: MoEConfig):
        super().__init__()
        self.c = c
        self.router = nn.Linear(c.dim, c.experts, bias=False)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(c.dim, c.hidden), nn.ReLU(), nn.Linear(c.hidden, c.dim)) for _ in range(c.experts))
        self.aux = {}

    def forward(self, x):
        c, n = self.c, x.size(0)
        r = x
        if self.training and c.jitter:
            r = x * torch.empty_like(x).uniform_(1 - c.jitter, 1 + c.jitter)
        logits = self.router(r)
        probs = logits.softmax(-1)
        gate, choice = probs.max(-1)
        # the gradient reaches the router through gate and through the mean probability
        share = F.one_hot(choice, c.experts).float().mean(0)
        self.aux = {"balance": c.experts * (share * probs.mean(0)).sum(),
                    "z": logits.logsumexp(-1).square().mean()}
        out = torch.zeros_like(x)
        # tokens above the capacity take the residual path only; no limit in evaluation
        cap = int(c.capacity_factor * n / c.experts) if self.training else n
        for e, expert in enumerate(self.experts):
            idx = (choice == e).nonzero().squeeze(1)[:cap]
            if idx.numel():
                out[idx] = gate[idx, None] * expert(x[idx])
        self.load = share.detach()
        return x + out


class Model(nn.Module):
    def __init__(self, n_in, n_out, c):
        super().__init__()
        self.stem = nn.Linear(n_in, c.dim)
        self.moe = SwitchLayer(c)
        self.norm = nn.LayerNorm(c.dim)
        self.head = nn.Linear(c.dim, n_out)

    def forward(self, x):
        return self.head(self.norm(self.moe(torch.tanh(self.stem(x)))))


def make_data(n, gen):
    """Four regions of the plane, each with its own function."""
    x = torch.rand(n, 2, generator=gen) * 4 - 2
    region = (x[:, 0] > 0).long() * 2 + (x[:, 1] > 0).long()
    f = torch.stack([torch.sin(3 * x[:, 0]), x[:, 0] * x[:, 1], torch.cos(2 * x[:, 1]), x.abs().sum(1) - 1], 1)
    y = f.gather(1, region[:, None])
    return x, y + 0.05 * torch.randn(n, 1, generator=gen)


def main():
    torch.manual_seed(1)
    c = MoEConfig()
    gen = torch.Generator().manual_seed(5)
    x_tr, y_tr = make_data(3000, gen)
    x_va, y_va = make_data(800, gen)
    model = Model(2, 1, c)
    opt = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-4)
    steps = 360
    warm = torch.optim.lr_scheduler.LinearLR(opt, 0.1, 1.0, total_iters=20)
    cos = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps - 20)
    sched = torch.optim.lr_scheduler.SequentialLR(opt, [warm, cos], milestones=[20])
    for step in range(1, steps + 1):
        idx = torch.randint(len(x_tr), (128,))
        task = F.mse_loss(model(x_tr[idx]), y_tr[idx])
        aux = model.moe.aux
        loss = task + c.balance * aux["balance"] + c.z * aux["z"]
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if step % 90 == 0:
            model.eval()
            with torch.no_grad():
                val = F.mse_loss(model(x_va), y_va).item()
            model.train()
            load = " ".join(f"{v:.2f}" for v in model.moe.load.tolist())
            print(f"step {step} task {task.item():.4f} balance {aux['balance'].item():.3f} val mse {val:.4f} load [{load}]")
    print(f"variance of the target {y_va.var().item():.3f}")


if __name__ == "__main__":
    main()
