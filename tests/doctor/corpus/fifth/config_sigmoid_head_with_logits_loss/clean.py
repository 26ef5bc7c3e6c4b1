from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.metrics import roc_auc_score


@dataclass
class Config:
    in_dim: int = 12
    hidden: tuple = (64, 32)
    hidden_act: str = "gelu"
    out_act: str = "identity"
    lr: float = 2e-3
    batch_size: int = 64
    epochs: int = 6


ACTS = {"relu": nn.ReLU, "gelu": nn.GELU, "sigmoid": nn.Sigmoid, "identity": nn.Identity}


def build_model(cfg: Config) -> nn.Sequential:
    layers, width = [], cfg.in_dim
    for h in cfg.hidden:
        layers += [nn.Linear(width, h), ACTS[cfg.hidden_act]()]
        width = h
    layers += [nn.Linear(width, 1), ACTS[cfg.out_act](), nn.Flatten(0)]
    return nn.Sequential(*layers)


def main(cfg: Config) -> None:
    torch.manual_seed(11)
    x = torch.randn(1500, cfg.in_dim)
    churn = (x[:, 0] + x[:, 1] * x[:, 2] > 0.3).float()
    train_dl = DataLoader(TensorDataset(x[:1200], churn[:1200]), batch_size=cfg.batch_size, shuffle=True)
    model = build_model(cfg)
    criterion = nn.BCEWithLogitsLoss()
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        model.train()
        for xb, yb in train_dl:
            opt.zero_grad(set_to_none=True)
            loss = criterion(model(xb), yb)
            loss.backward()
            opt.step()
        model.eval()
        with torch.inference_mode():
            score = model(x[1200:])
            print(f"epoch {epoch} val loss {criterion(score, churn[1200:]):.3f} "
                  f"auc {roc_auc_score(churn[1200:].numpy(), score.numpy()):.3f}")


if __name__ == "__main__":
    main(Config())
