import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, TensorDataset


class Block(nn.Module):
    def __init__(self, dim, p):
        super().__init__()
        self.net = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Dropout(p), nn.Linear(2 * dim, dim)
        )

    def forward(self, x):
        return x + self.net(x)


class ResMLP(nn.Module):
    """Residual MLP; the activations inside each block are recomputed during backward."""

    def __init__(self, n_in, dim=32, depth=6, p=0.1):
        super().__init__()
        self.stem = nn.Linear(n_in, dim)
        self.blocks = nn.ModuleList([Block(dim, p) for _ in range(depth)])
        self.head = nn.Linear(dim, 1)

    def forward(self, x):
        h = self.stem(x)
        for block in self.blocks:
            if self.training:
                h = checkpoint(block, h, use_reentrant=False)
            else:
                h = block(h)
        return self.head(h).squeeze(-1)


def evaluate(model, loader):
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            total += ((model(x) - y) ** 2).sum().item()
            count += y.numel()
    return total / count


def main():
    torch.manual_seed(42)
    x = torch.randn(800, 10)
    y = torch.sin(x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + 0.05 * torch.randn(800)
    train_loader = DataLoader(TensorDataset(x[:600], y[:600]), batch_size=50, shuffle=True)
    test_loader = DataLoader(TensorDataset(x[600:], y[600:]), batch_size=100)

    model = ResMLP(10)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-3)
    criterion = nn.MSELoss()
    for epoch in range(8):
        model.train()
        for xb, yb in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: test mse {evaluate(model, test_loader):.4f}")


if __name__ == "__main__":
    main()
