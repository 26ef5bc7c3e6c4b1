import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class HousePrices(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.l1 = nn.Linear(n_in, 40)
        self.l2 = nn.Linear(40, 40)
        self.l3 = nn.Linear(40, 1)

    def forward(self, x):
        x = F.gelu(self.l1(x))
        x = F.gelu(self.l2(x))
        return self.l3(x).squeeze(-1)


def run_epoch(model, loader, optimizer=None):
    """One pass over the loader; trains when an optimizer is given. Returns the loss per house."""
    training = optimizer is not None
    model.train(training)
    total = 0.0
    with torch.set_grad_enabled(training):
        for x, y in loader:
            x, y = x.to(DEVICE), y.to(DEVICE)
            loss = F.smooth_l1_loss(model(x), y)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += loss.item() * y.size(0)
    return total / len(loader.dataset)


def houses(n):
    x = torch.randn(n, 7)
    price = 2 * x[:, 0] + x[:, 1] * x[:, 2] + torch.sin(2 * x[:, 3]) + 0.2 * torch.randn(n)
    return TensorDataset(x, price)


def main():
    torch.manual_seed(8)
    train_loader = DataLoader(houses(1000), batch_size=32, shuffle=True)
    val_loader = DataLoader(houses(310), batch_size=128)
    model = HousePrices(7).to(DEVICE)
    optimizer = optim.AdamW(model.parameters(), lr=4e-3)
    history = {"train": [], "val": []}
    for epoch in range(15):
        history["train"].append(run_epoch(model, train_loader, optimizer))
        history["val"].append(run_epoch(model, val_loader))
        print(f"{epoch:3d} train {history['train'][-1]:.5f} val {history['val'][-1]:.5f}")


if __name__ == "__main__":
    main()
