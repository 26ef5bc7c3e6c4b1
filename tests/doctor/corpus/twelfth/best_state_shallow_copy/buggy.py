import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def build_loaders(seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(260, 20, generator=g)
    y = x[:, 0] * x[:, 1] + x[:, 2] + 0.5 * torch.randn(260, generator=g)
    train = TensorDataset(x[:120], y[:120])
    val = TensorDataset(x[120:190], y[120:190])
    test = TensorDataset(x[190:], y[190:])
    return (DataLoader(train, batch_size=20, shuffle=True, generator=g),
            DataLoader(val, batch_size=70), DataLoader(test, batch_size=70))


class Regressor(nn.Module):
    def __init__(self, width=128):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(20, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        return self.head(self.body(x)).squeeze(-1)


@torch.no_grad()
def evaluate(model, loader, loss_fn):
    model.eval()
    total = 0.0
    for xb, yb in loader:
        total += loss_fn(model(xb), yb).item() * len(yb)
    return total / len(loader.dataset)


def train(model, train_loader, val_loader, epochs=60, patience=8):
    loss_fn = nn.MSELoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    best_val_loss, best_state_dict, bad_epochs = float("inf"), None, 0
    for epoch in range(epochs):
        model.train()
        for xb, yb in train_loader:
            optimizer.zero_grad()
            loss = loss_fn(model(xb), yb)
            loss.backward()
            optimizer.step()
        val_loss = evaluate(model, val_loader, loss_fn)
        if val_loss < best_val_loss:
            best_val_loss = val_loss
            best_state_dict = model.state_dict().copy()
            bad_epochs = 0
        else:
            bad_epochs += 1
            if bad_epochs >= patience:
                print(f"early stop at epoch {epoch}, best val {best_val_loss:.4f}")
                break
    model.load_state_dict(best_state_dict)
    return model


if __name__ == "__main__":
    torch.manual_seed(1)
    train_loader, val_loader, test_loader = build_loaders(1)
    model = train(Regressor(), train_loader, val_loader)
    print(f"val {evaluate(model, val_loader, nn.MSELoss()):.4f} test {evaluate(model, test_loader, nn.MSELoss()):.4f}")
