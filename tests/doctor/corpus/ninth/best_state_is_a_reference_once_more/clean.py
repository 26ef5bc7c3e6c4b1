import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class EarlyStopping:
    def __init__(self, patience):
        self.patience = patience
        self.best_loss = float("inf")
        self.best_state = None
        self.bad_epochs = 0

    def update(self, val_loss, model):
        if val_loss < self.best_loss:
            self.best_loss, self.bad_epochs = val_loss, 0
            self.best_state = copy.deepcopy(model.state_dict())
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience


def toy_housing(n, d=30):
    x = torch.randn(n, d)
    price = x[:, 0] * 2 - x[:, 1] + (x[:, 2] * x[:, 3]) + 1.0 * torch.randn(n)
    return TensorDataset(x, price.unsqueeze(1))


def epoch_loss(model, loader, loss_fn, optimizer=None):
    total = 0.0
    model.train(optimizer is not None)
    with torch.set_grad_enabled(optimizer is not None):
        for x, y in loader:
            loss = loss_fn(model(x), y)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += loss.item() * len(x)
    return total / len(loader.dataset)


def main():
    torch.manual_seed(33)
    train_dl = DataLoader(toy_housing(100), batch_size=25, shuffle=True)
    val_dl = DataLoader(toy_housing(150), batch_size=75)
    test_dl = DataLoader(toy_housing(400), batch_size=200)

    model = nn.Sequential(nn.Linear(30, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 1))
    loss_fn = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    stopper = EarlyStopping(patience=12)
    for epoch in range(60):
        train_loss = epoch_loss(model, train_dl, loss_fn, optimizer)
        val_loss = epoch_loss(model, val_dl, loss_fn)
        if epoch % 5 == 0:
            print(f"{epoch:3d} train {train_loss:.3f} val {val_loss:.3f}")
        if stopper.update(val_loss, model):
            print("stopped after epoch", epoch)
            break
    model.load_state_dict(stopper.best_state)
    print(f"best val {stopper.best_loss:.3f}  test {epoch_loss(model, test_dl, loss_fn):.3f}")


if __name__ == "__main__":
    main()
