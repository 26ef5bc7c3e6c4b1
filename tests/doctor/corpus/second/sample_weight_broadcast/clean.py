import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import make_regression
from sklearn.model_selection import train_test_split


class WeightedL1(nn.Module):
    def __init__(self):
        super().__init__()
        self.base = nn.SmoothL1Loss(reduction="none")

    def forward(self, out, target, weight):
        per_row = self.base(out, target)
        return (per_row * weight.unsqueeze(1)).mean() / weight.mean()


def corrupted(seed):
    X, y = make_regression(900, 8, noise=2.0, random_state=seed)
    y = y / 100.0
    X_a, X_b, y_a, y_b = train_test_split(X, y, test_size=300, random_state=seed)
    g = torch.Generator().manual_seed(seed)
    X_a, X_b, y_a, y_b = (torch.tensor(v).float() for v in (X_a, X_b, y_a, y_b))
    bad = torch.rand(600, generator=g) < 0.45
    y_a = torch.where(bad, y_a.abs() + 3.0, y_a)
    trust = torch.where(bad, 0.02, 1.0)
    return (X_a, y_a.unsqueeze(1), trust), (X_b, y_b.unsqueeze(1))


def main():
    torch.manual_seed(9)
    train, (X_b, y_b) = corrupted(9)
    loader = DataLoader(TensorDataset(*train), batch_size=50, shuffle=True)
    model = nn.Sequential(nn.Linear(8, 32), nn.SiLU(), nn.Linear(32, 1))
    criterion = WeightedL1()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(25):
        model.train()
        for x, y, w in loader:
            opt.zero_grad()
            criterion(model(x), y, w).backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        mae = (model(X_b) - y_b).abs().mean()
    print(f"test MAE {mae:.4f}")


main()
