from typing import Dict

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

LOSSES = {
    "species": F.cross_entropy,
    "flowering": F.binary_cross_entropy_with_logits,
    "height": F.smooth_l1_loss,
}


class Plants(Dataset):
    def __init__(self, n: int, seed: int):
        g = torch.Generator().manual_seed(seed)
        self.x = torch.randn(n, 14, generator=g)
        shape, season, soil = self.x[:, :3], self.x[:, 4] * self.x[:, 5], self.x[:, 6:9].sum(1)
        noise = 0.2 * torch.randn(n, generator=g)
        self.y = {
            "species": shape.argmax(dim=1),
            "flowering": (season + noise > 0).float(),
            "height": torch.tanh(soil) + 0.5 * self.x[:, 9] + noise,
        }

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int):
        return self.x[i], {task: values[i] for task, values in self.y.items()}


class PlantNet(nn.Module):
    def __init__(self, width: int = 64):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(14, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.heads = nn.ModuleDict({
            "species": nn.Linear(width, 3),
            "flowering": nn.Linear(width, 1),
            "height": nn.Linear(width, 1),
        })

    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        h = self.trunk(x)
        out = {task: head(h) for task, head in self.heads.items()}
        return {task: v.squeeze(1) if v.size(1) == 1 else v for task, v in out.items()}


class Trainer:
    def __init__(self, model: nn.Module, weights: Dict[str, float], lr: float = 3e-3):
        self.model, self.weights = model, weights
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=lr)

    def total_loss(self, outputs: Dict[str, Tensor], targets: Dict[str, Tensor]) -> Tensor:
        loss = torch.zeros(())
        for task in LOSSES:
            loss = self.weights[task] * LOSSES[task](outputs[task], targets[task])
        return loss

    def epoch(self, loader: DataLoader) -> float:
        self.model.train()
        total = 0.0
        for x, targets in loader:
            loss = self.total_loss(self.model(x), targets)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(x)
        return total / len(loader.dataset)

    @torch.no_grad()
    def report(self, loader: DataLoader) -> str:
        self.model.eval()
        species = flowering = absolute = 0.0
        for x, t in loader:
            out = self.model(x)
            species += (out["species"].argmax(1) == t["species"]).sum().item()
            flowering += ((out["flowering"] > 0) == (t["flowering"] > 0.5)).sum().item()
            absolute += (out["height"] - t["height"]).abs().sum().item()
        n = len(loader.dataset)
        return f"species {species / n:.3f}  flowering {flowering / n:.3f}  height MAE {absolute / n:.3f}"


def main() -> None:
    torch.manual_seed(12)
    train_loader = DataLoader(Plants(1500, seed=1), batch_size=50, shuffle=True)
    test_loader = DataLoader(Plants(400, seed=2), batch_size=200)
    trainer = Trainer(PlantNet(), weights={"species": 1.0, "flowering": 1.0, "height": 2.0})
    for epoch in range(8):
        train_loss = trainer.epoch(train_loader)
        print(f"epoch {epoch} loss {train_loss:.3f}  {trainer.report(test_loader)}")


if __name__ == "__main__":
    main()
