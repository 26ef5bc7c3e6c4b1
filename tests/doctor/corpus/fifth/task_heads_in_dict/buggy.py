from typing import Dict, List

import torch
from torch import Tensor, nn

TASKS: List[str] = ["temperature", "humidity", "wind"]


def build_heads(names: List[str], width: int):
    return {name: nn.Linear(width, 1) for name in names}


class WeatherNet(nn.Module):
    def __init__(self, n_in: int, width: int = 48) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_in, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.heads = build_heads(TASKS, width)

    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        h = self.trunk(x)
        return {name: head(h).squeeze(-1) for name, head in self.heads.items()}


def make_data(n: int, generator: torch.Generator):
    x = torch.randn(n, 7, generator=generator)
    y = {
        "temperature": x[:, 0] - 0.5 * x[:, 1] + 0.1 * torch.randn(n, generator=generator),
        "humidity": torch.sin(x[:, 2]) + 0.1 * torch.randn(n, generator=generator),
        "wind": x[:, 3].abs() + 0.1 * torch.randn(n, generator=generator),
    }
    return x, y


def total_loss(pred: Dict[str, Tensor], target: Dict[str, Tensor]) -> Tensor:
    return sum(nn.functional.mse_loss(pred[t], target[t]) for t in TASKS)


def main() -> None:
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(7)
    x_tr, y_tr = make_data(1200, gen)
    x_va, y_va = make_data(300, gen)
    model = WeatherNet(x_tr.shape[1])
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(12):
        model.train()
        for idx in torch.randperm(len(x_tr)).split(60):
            opt.zero_grad(set_to_none=True)
            loss = total_loss(model(x_tr[idx]), {t: v[idx] for t, v in y_tr.items()})
            loss.backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        pred = model(x_va)
    for t in TASKS:
        print(f"{t:12s} val mse {nn.functional.mse_loss(pred[t], y_va[t]).item():.4f}")


if __name__ == "__main__":
    main()
