"""Sparsely gated mixture of experts, noisy top-k gating (Shazeer et al. 2017) with the Switch load-balancing loss."""
import math
from typing import Optional

import torch
import torch.nn as nn
import torch.nn.functional as F


class MoE(nn.Module):
    def __init__(self, d_model: int, d_ff: int, n_experts: int, k: int = 2, noise: float = 1.0):
        super().__init__()
        self.k, self.n, self.noise = k, n_experts, noise
        self.gate = nn.Linear(d_model, n_experts, bias=False)
        nn.init.normal_(self.gate.weight, std=0.02)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(d_model, d_ff), nn.GELU(), nn.Linear(d_ff, d_model)) for _ in range(n_experts))
        self.aux_loss: Optional[torch.Tensor] = None
        self.register_buffer("load", torch.zeros(n_experts), persistent=False)

    def forward(self, x):
        shape = x.shape
        x = x.reshape(-1, shape[-1])
        logits = self.gate(x)
        if self.training and self.noise > 0:
            logits = logits + torch.randn_like(logits) * self.noise / self.n
        probs = logits.softmax(-1)
        w, idx = probs.topk(self.k, dim=-1)
        w = w / w.sum(-1, keepdim=True)
        out = torch.zeros_like(x)
        for e, expert in enumerate(self.experts):
            token, slot = (idx == e).nonzero(as_tuple=True)
            if token.numel() == 0:
                continue
            out = out.index_add(0, token, w[token, slot].unsqueeze(-1) * expert(x[token]))
        share = F.one_hot(idx, self.n).sum(1).float().mean(0) / self.k  # no gradient: a count
        self.aux_loss = self.n * (share * probs.mean(0)).sum()
        if not self.training:
            self.load += share * len(x)
        return out.view(shape)


class Net(nn.Module):
    def __init__(self, d_in=6, d=24, n_experts=4):
        super().__init__()
        self.inp = nn.Linear(d_in, d)
        self.norm, self.moe = nn.LayerNorm(d), MoE(d, 32, n_experts)
        self.head = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, 1))

    def forward(self, x):
        h = self.inp(x)
        h = h + self.moe(self.norm(h))
        return self.head(h)


def make(n, seed):
    """four regimes, told apart by the signs of the first two inputs; another function in each"""
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 6, generator=g)
    a, b = x[:, 2:4].sum(1), x[:, 4] * x[:, 5]
    regime = (x[:, 0] > 0).long() * 2 + (x[:, 1] > 0).long()
    y = torch.stack([torch.sin(2 * a), b, a, -a + 0.5 * b], 1).gather(1, regime[:, None])
    return x, y + 0.05 * torch.randn(n, 1, generator=g)


def evaluate(model, x, y):
    model.eval()
    model.moe.load.zero_()
    with torch.no_grad():
        mse = F.mse_loss(model(x), y).item()
    share = (model.moe.load / model.moe.load.sum()).tolist()
    return mse, share


def main():
    torch.manual_seed(0)
    (xtr, ytr), (xva, yva), (xte, yte) = make(4000, 1), make(800, 2), make(800, 3)
    model = Net()
    decay = [p for n, p in model.named_parameters() if p.ndim > 1 and "gate" not in n]
    rest = [p for n, p in model.named_parameters() if not (p.ndim > 1 and "gate" not in n)]
    opt = torch.optim.AdamW([{"params": decay, "weight_decay": 1e-2}, {"params": rest, "weight_decay": 0.0}], lr=4e-3)
    epochs, bs = 10, 128
    steps = epochs * math.ceil(len(xtr) / bs)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=6e-3, total_steps=steps, pct_start=0.2)
    best, keep = float("inf"), None
    for epoch in range(epochs):
        model.train()
        tot = aux = 0.0
        for idx in torch.randperm(len(xtr)).split(bs):
            loss = F.mse_loss(model(xtr[idx]), ytr[idx])
            opt.zero_grad()
            (loss + 0.01 * model.moe.aux_loss).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            sched.step()
            tot += loss.item() * len(idx)
            aux += model.moe.aux_loss.item() * len(idx)
        v, _ = evaluate(model, xva, yva)
        if v < best:
            best, keep = v, {k: t.clone() for k, t in model.state_dict().items()}
        if epoch % 3 == 0:
            print(f"epoch {epoch}: train mse {tot / len(xtr):.4f} balance {aux / len(xtr):.3f} val mse {v:.4f}")
    model.load_state_dict(keep)
    mse, share = evaluate(model, xte, yte)
    print(f"test mse {mse:.4f} (variance {yte.var().item():.3f}); load of the experts {[round(s, 2) for s in share]}")


if __name__ == "__main__":
    main()
