import copy
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class EarlyStopping:
    def __init__(self, patience=5, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.best = float('inf')
        self.bad_epochs = 0
        self.state = None

    def step(self, value, model):
        if value < self.best - self.min_delta:
            self.best = value
            self.bad_epochs = 0
            self.state = copy.deepcopy(model.state_dict())
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience


def toy(n=240, d=40):
    x = torch.randn(n, d)
    y = x[:, 0] - 2 * x[:, 1] + torch.relu(x[:, 2]) + torch.randn(n)
    return TensorDataset(x, y.unsqueeze(1))


def run(model, loader, criterion, optimizer=None):
    model.train(optimizer is not None)
    total, count = 0.0, 0
    with torch.set_grad_enabled(optimizer is not None):
        for x, y in loader:
            loss = criterion(model(x), y)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += loss.item() * len(x)
            count += len(x)
    return total / count


torch.manual_seed(1)
train_ds, val_ds, test_ds = random_split(toy(), [140, 50, 50], generator=torch.Generator().manual_seed(9))
train_dl = DataLoader(train_ds, batch_size=20, shuffle=True)
val_dl, test_dl = DataLoader(val_ds, batch_size=50), DataLoader(test_ds, batch_size=50)

model = nn.Sequential(nn.Linear(40, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.MSELoss()
stopper = EarlyStopping(patience=6)

for epoch in range(60):
    train_loss = run(model, train_dl, criterion, optimizer)
    val_loss = run(model, val_dl, criterion)
    print(f'{epoch:02d} train {train_loss:.3f} val {val_loss:.3f}')
    if stopper.step(train_loss, model):
        break

model.load_state_dict(stopper.state)
print(f'stopped after {epoch + 1} epochs, test MSE {run(model, test_dl, criterion):.3f}')
