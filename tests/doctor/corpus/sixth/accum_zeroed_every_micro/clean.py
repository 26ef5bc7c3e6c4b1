from dataclasses import dataclass, field

import torch
from torch import Tensor, nn


@dataclass
class RunConfig:
    micro_batch: int = 10
    group: int = 4
    lr: float = 4e-3
    epochs: int = 6
    widths: list[int] = field(default_factory=lambda: [5, 40, 40])

    @property
    def effective_batch(self) -> int:
        return self.micro_batch * self.group


class Regressor(nn.Module):
    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for a, b in zip(widths, widths[1:]):
            layers += [nn.Linear(a, b), nn.SiLU()]
        self.body = nn.Sequential(*layers)
        self.out = nn.Linear(widths[-1], 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.body(x)).squeeze(-1)


class Learner:
    def __init__(self, cfg: RunConfig) -> None:
        self.cfg = cfg
        self.model = Regressor(cfg.widths)
        self.opt = torch.optim.AdamW(self.model.parameters(), lr=cfg.lr)
        self.criterion = nn.SmoothL1Loss(reduction="sum")

    def micro_step(self, x: Tensor, y: Tensor) -> float:
        total = self.criterion(self.model(x), y)
        (total / self.cfg.effective_batch).backward()
        return total.item()

    def apply(self) -> None:
        self.opt.step()
        self.opt.zero_grad()

    def epoch(self, x: Tensor, y: Tensor) -> float:
        self.model.train()
        total = 0.0
        for i, idx in enumerate(torch.randperm(len(x)).split(self.cfg.micro_batch)):
            total += self.micro_step(x[idx], y[idx])
            if i % self.cfg.group == self.cfg.group - 1:
                self.apply()
        return total / len(x)

    def evaluate(self, x: Tensor, y: Tensor) -> float:
        self.model.eval()
        with torch.inference_mode():
            return self.criterion(self.model(x), y).item() / len(x)


def main() -> None:
    torch.manual_seed(21)
    cfg = RunConfig()
    x = torch.randn(1000, 5)
    y = torch.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * torch.randn(1000)
    learner = Learner(cfg)
    for e in range(cfg.epochs):
        train = learner.epoch(x[:800], y[:800])
        print(e, round(train, 4), round(learner.evaluate(x[800:], y[800:]), 4))


if __name__ == "__main__":
    main()
