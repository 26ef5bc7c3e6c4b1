from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class MoEConfig:
    d_in: int = 4
    d_hidden: int = 12
    n_experts: int = 4
    top_k: int = 1
    lr: float = 5e-3
    epochs: int = 25
    seed: int = 2


class MoE(nn.Module):
    def __init__(self, cfg: MoEConfig):
        super().__init__()
        self.top_k = cfg.top_k
        self.router = nn.Linear(cfg.d_in, cfg.n_experts)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(cfg.d_in, cfg.d_hidden), nn.Tanh(), nn.Linear(cfg.d_hidden, 1))
            for _ in range(cfg.n_experts)
        )

    def forward(self, x):
        probs = self.router(x).softmax(dim=-1)
        weight, index = probs.topk(self.top_k, dim=-1)
        weight = weight / weight.sum(dim=-1, keepdim=True)
        y = x.new_zeros(x.size(0), 1)
        for e, expert in enumerate(self.experts):
            row, slot = (index == e).nonzero(as_tuple=True)
            if row.numel():
                y = y.index_add(0, row, weight[row, slot].unsqueeze(1) * expert(x[row]))
        return y.squeeze(1)


def regimes(n, generator):
    """Four regimes, picked by the signs of the first two inputs, each with its own linear law."""
    x = torch.randn(n, 4, generator=generator)
    law = torch.tensor([[2.0, -1.0], [-2.0, 1.5], [0.5, 2.5], [-1.0, -2.0]])
    regime = (x[:, 0] > 0).long() * 2 + (x[:, 1] > 0).long()
    return x, (law[regime] * x[:, 2:]).sum(1)


def main():
    cfg = MoEConfig()
    torch.manual_seed(cfg.seed)
    g = torch.Generator().manual_seed(cfg.seed)
    x_train, y_train = regimes(2000, g)
    x_val, y_val = regimes(500, g)

    model = MoE(cfg)
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        model.train()
        for idx in torch.randperm(len(x_train)).split(64):
            opt.zero_grad(set_to_none=True)
            loss = nn.functional.mse_loss(model(x_train[idx]), y_train[idx])
            loss.backward()
            opt.step()
        if (epoch + 1) % 5 == 0:
            model.eval()
            with torch.no_grad():
                val = nn.functional.mse_loss(model(x_val), y_val).item()
                load = torch.bincount(model.router(x_val).argmax(-1), minlength=cfg.n_experts).tolist()
            print(f"epoch {epoch + 1}: val mse {val:.4f}, tokens per expert {load}")


if __name__ == "__main__":
    main()
