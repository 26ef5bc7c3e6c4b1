import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def get_loaders(batch_size):
    x = torch.randn(2400, 5)
    y = torch.stack([x[:, 0] * x[:, 1], x[:, 2].abs()], dim=1) + 0.05 * torch.randn(2400, 2)
    train_ds = TensorDataset(x[:2000], y[:2000])
    val_ds = TensorDataset(x[2000:], y[2000:])
    return (
        DataLoader(train_ds, batch_size=batch_size, shuffle=True),
        DataLoader(val_ds, batch_size=batch_size),
    )


def train_model(model, train_loader, val_loader, criterion, optimizer, num_epochs):
    history = {"train": [], "val": []}
    for epoch in range(num_epochs):
        model.train()
        running_loss = 0.0
        for inputs, targets in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
            running_loss += loss.item() * inputs.size(0)
        history["train"].append(running_loss / len(train_loader.dataset))

        model.eval()
        val_loss = 0.0
        with torch.no_grad():
            for inputs, targets in val_loader:
                val_loss += criterion(model(inputs), targets).item() * inputs.size(0)
        history["val"].append(val_loss / len(val_loader.dataset))
        print(f"Epoch {epoch + 1}/{num_epochs}  train {history['train'][-1]:.5f}  val {history['val'][-1]:.5f}")
    return history


torch.manual_seed(99)
train_loader, val_loader = get_loaders(batch_size=32)
model = nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
history = train_model(model, train_loader, val_loader, criterion, optimizer, num_epochs=8)
print(f"generalisation gap {history['val'][-1] - history['train'][-1]:+.5f}")
