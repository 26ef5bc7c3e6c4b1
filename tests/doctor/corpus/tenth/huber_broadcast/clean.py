import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class RentDataset(Dataset):
    """Area, rooms, age and distance to the centre -> monthly rent (in thousands)."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.x = torch.randn(n, 4, generator=g)
        w = torch.tensor([1.2, 0.4, -0.3, -0.7])
        self.y = self.x @ w + 0.3 * self.x[:, 0] * self.x[:, 3] + 0.1 * torch.randn(n, generator=g)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def huber(err, delta=1.0):
    a = err.abs()
    return torch.where(a <= delta, 0.5 * a ** 2, delta * (a - 0.5 * delta)).mean()


def main():
    torch.manual_seed(7)
    train_set, val_set = RentDataset(640, seed=1), RentDataset(160, seed=2)
    loader = DataLoader(train_set, batch_size=32, shuffle=True)
    model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1))
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(12):
        model.train()
        seen, running = 0, 0.0
        for xb, yb in loader:
            loss = huber(model(xb).squeeze(1) - yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            running += loss.item() * len(yb)
            seen += len(yb)
        if epoch % 4 == 3:
            print(f"epoch {epoch + 1:2d}  train huber {running / seen:.4f}")
    model.eval()
    with torch.no_grad():
        mae = (model(val_set.x).squeeze(1) - val_set.y).abs().mean()
    print(f"val MAE {mae.item():.4f}")


if __name__ == "__main__":
    main()
