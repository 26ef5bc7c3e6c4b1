from dataclasses import dataclass, field

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    cardinalities: list = field(default_factory=lambda: [7, 4, 12])
    emb_dim: int = 6
    n_cont: int = 3
    lr: float = 4e-3
    epochs: int = 12
    batch: int = 64
    seed: int = 21


class TabularModel(nn.Module):
    """Entity embeddings + continuous columns, as in the fast.ai lesson."""

    def __init__(self, cfg):
        super().__init__()
        self.embeds = nn.ModuleList([nn.Embedding(c, cfg.emb_dim) for c in cfg.cardinalities])
        width = cfg.emb_dim * len(cfg.cardinalities) + cfg.n_cont
        self.layers = nn.Sequential(nn.Linear(width, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, cats, conts):
        e = [emb(cats[:, i]) for i, emb in enumerate(self.embeds)]
        return self.layers(torch.cat(e + [conts], dim=1)).squeeze(1)


def make_rows(cfg, n, effects):
    cats = torch.stack([torch.randint(0, c, (n,)) for c in cfg.cardinalities], dim=1)
    conts = torch.randn(n, cfg.n_cont)
    y = conts[:, 0] - 0.5 * conts[:, 1]
    for i, eff in enumerate(effects):
        y = y + eff[cats[:, i]]
    return cats, conts, y + 0.1 * torch.randn(n)


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    effects = [torch.randn(c) for c in cfg.cardinalities]
    cats, conts, y = make_rows(cfg, 800, effects)
    vcats, vconts, vy = make_rows(cfg, 200, effects)

    model = TabularModel(cfg)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        model.train()
        for idx in torch.randperm(len(y)).split(cfg.batch):
            opt.zero_grad()
            F.mse_loss(model(cats[idx], conts[idx]), y[idx]).backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        print("valid mse: %.4f" % F.mse_loss(model(vcats, vconts), vy).item())


if __name__ == "__main__":
    main()
