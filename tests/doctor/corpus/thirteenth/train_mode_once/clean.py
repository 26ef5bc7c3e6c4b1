import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class TabularNet(nn.Module):
    def __init__(self, n_in, n_out, p=0.4):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(n_in, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(p),
            nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(p),
        )
        self.out = nn.Linear(64, n_out)

    def forward(self, x):
        return self.out(self.body(x))


@torch.no_grad()
def evaluate(net, loader, criterion):
    net.eval()
    loss_sum, right, seen = 0.0, 0, 0
    for xb, yb in loader:
        logits = net(xb)
        loss_sum += criterion(logits, yb).item() * xb.size(0)
        right += (logits.argmax(dim=1) == yb).sum().item()
        seen += xb.size(0)
    return loss_sum / seen, right / seen


def main():
    torch.manual_seed(1234)
    x = torch.randn(900, 12)
    y = (x[:, 0] + x[:, 1] > 0).long() + (x[:, 2] > 0.5).long()
    train_loader = DataLoader(TensorDataset(x[:700], y[:700]), batch_size=50, shuffle=True)
    valid_loader = DataLoader(TensorDataset(x[700:], y[700:]), batch_size=100)

    net = TabularNet(12, 3)
    criterion = nn.CrossEntropyLoss()
    optim = torch.optim.Adam(net.parameters(), lr=5e-3)

    for epoch in range(12):
        net.train()
        for xb, yb in train_loader:
            optim.zero_grad()
            criterion(net(xb), yb).backward()
            optim.step()
        val_loss, val_acc = evaluate(net, valid_loader, criterion)
        print(f"[{epoch}] val loss {val_loss:.3f} acc {val_acc:.3f}")


if __name__ == "__main__":
    main()
