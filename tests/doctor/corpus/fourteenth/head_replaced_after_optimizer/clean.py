from dataclasses import dataclass

import torch
from torch import nn, Tensor


@dataclass
class FinetuneConfig:
    in_features: int = 12
    width: int = 40
    old_classes: int = 8
    new_classes: int = 3
    lr: float = 2e-3
    steps: int = 150
    batch: int = 32


class Classifier(nn.Module):
    def __init__(self, cfg: FinetuneConfig):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(cfg.in_features, cfg.width), nn.GELU())
        self.head = nn.Linear(cfg.width, cfg.old_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x))


def fit(model: nn.Module, optim: torch.optim.Optimizer, x: Tensor, y: Tensor, cfg: FinetuneConfig) -> float:
    model.train()
    criterion = nn.CrossEntropyLoss()
    for _ in range(cfg.steps):
        idx = torch.randint(len(x), (cfg.batch,))
        optim.zero_grad()
        loss = criterion(model(x[idx]), y[idx])
        loss.backward()
        optim.step()
    return loss.item()


def main(cfg: FinetuneConfig = FinetuneConfig()):
    torch.manual_seed(4)
    proto = torch.randn(cfg.old_classes, cfg.in_features)
    y0 = torch.randint(cfg.old_classes, (2000,))
    x0 = proto[y0] + torch.randn(2000, cfg.in_features)
    model = Classifier(cfg)
    print("pretrain loss", fit(model, torch.optim.Adam(model.parameters(), lr=cfg.lr), x0, y0, cfg))

    y1 = torch.randint(cfg.old_classes, (500,))
    x1, y1 = proto[y1] + torch.randn(500, cfg.in_features), y1 % cfg.new_classes
    model.head = nn.Linear(cfg.width, cfg.new_classes)
    optim = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    print("finetune loss", fit(model, optim, x1[:300], y1[:300], cfg))

    model.eval()
    with torch.no_grad():
        print("test acc", (model(x1[300:]).argmax(1) == y1[300:]).float().mean().item())


if __name__ == "__main__":
    main()
