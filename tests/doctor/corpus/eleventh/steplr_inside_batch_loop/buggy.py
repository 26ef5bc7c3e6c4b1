import torch
import torch.nn as nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset


def spiral(n_per_arm, arms=3, noise=0.15):
    xs, ys = [], []
    for arm in range(arms):
        r = torch.linspace(0.1, 1, n_per_arm)
        theta = 4 * r + arm * 2 * torch.pi / arms + noise * torch.randn(n_per_arm)
        xs.append(torch.stack([r * torch.cos(theta), r * torch.sin(theta)], dim=1))
        ys.append(torch.full((n_per_arm,), arm))
    return torch.cat(xs), torch.cat(ys)


def train_one_epoch(model, loader, criterion, optimizer, scheduler):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        scheduler.step()
        total += loss.item() * x.size(0)
    return total / len(loader.dataset)


def evaluate(model, loader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, y in loader:
            correct += (model(x).argmax(1) == y).sum().item()
    return correct / len(loader.dataset)


def main(epochs=30, lr=0.01, decay_every=10, seed=123):
    """decay_every: number of epochs between two drops of the learning rate"""
    torch.manual_seed(seed)
    train_loader = DataLoader(TensorDataset(*spiral(200)), batch_size=40, shuffle=True)
    val_loader = DataLoader(TensorDataset(*spiral(80)), batch_size=80)
    model = nn.Sequential(nn.Linear(2, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 3))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    scheduler = StepLR(optimizer, step_size=decay_every, gamma=0.3)

    for epoch in range(1, epochs + 1):
        loss = train_one_epoch(model, train_loader, criterion, optimizer, scheduler)
        if epoch % 5 == 0:
            print(f"epoch {epoch:3d}  loss {loss:.4f}  val {evaluate(model, val_loader):.3f}")


if __name__ == "__main__":
    main()
