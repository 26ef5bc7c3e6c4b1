import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class FocalLoss(nn.Module):
    def __init__(self, gamma: float = 2.0, weight: torch.Tensor | None = None) -> None:
        super().__init__()
        self.gamma = gamma
        self.register_buffer("weight", weight)

    def forward(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        ce = F.cross_entropy(logits, target)
        pt = torch.exp(-ce)
        loss = (1.0 - pt) ** self.gamma * ce
        if self.weight is not None:
            loss = loss * self.weight[target]
        return loss.mean()


def make_data(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    y = torch.multinomial(torch.tensor([0.8, 0.15, 0.05]), n, replacement=True)
    x = torch.randn(n, 8)
    x[:, 0] += 1.2 * y
    x[:, 1] -= 0.8 * (y == 2)
    return x, y


@torch.no_grad()
def recalls(model: nn.Module, loader: DataLoader, k: int = 3) -> list[float]:
    model.eval()
    hit, total = torch.zeros(k), torch.zeros(k)
    for x, y in loader:
        ok = (model(x).argmax(1) == y).float()
        hit.index_add_(0, y, ok)
        total.index_add_(0, y, torch.ones_like(ok))
    return (hit / total).tolist()


torch.manual_seed(12)
train_loader = DataLoader(TensorDataset(*make_data(2000)), batch_size=64, shuffle=True)
test_loader = DataLoader(TensorDataset(*make_data(1000)), batch_size=250)
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
criterion = FocalLoss(gamma=2.0, weight=torch.tensor([0.5, 1.0, 2.0]))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(6):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()
    print(epoch, [round(r, 3) for r in recalls(model, test_loader)])
