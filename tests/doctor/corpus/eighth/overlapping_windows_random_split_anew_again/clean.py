import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

torch.manual_seed(19)
WINDOW, HORIZON = 24, 1


class Windows(Dataset):
    """Gleitende Fenster: 24 Werte rein, der naechste Wert raus."""

    def __init__(self, series):
        self.s = series

    def __len__(self):
        return len(self.s) - WINDOW - HORIZON + 1

    def __getitem__(self, i):
        j = i + WINDOW
        return self.s[i:j].unsqueeze(-1), self.s[j + HORIZON - 1]


def demand(n=1000):
    t = torch.arange(n, dtype=torch.float32)
    walk = torch.cumsum(torch.randn(n) * 0.08, 0)
    return torch.sin(t * 2 * torch.pi / 24) + walk


def split(ds, share=0.8):
    n = int(len(ds) * share)
    return Subset(ds, range(n)), Subset(ds, range(n + WINDOW, len(ds)))


class GRUForecaster(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        last = x[:, -1:]
        h, _ = self.rnn(x - last)
        return (self.out(h[:, -1]) + last[:, 0]).squeeze(-1)


train, val = split(Windows(demand()))
train_dl = DataLoader(train, batch_size=64, shuffle=True)
val_dl = DataLoader(val, batch_size=64)
model = GRUForecaster()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(4):
    model.train()
    for x, y in train_dl:
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
    model.eval()
    err = 0.0
    with torch.no_grad():
        for x, y in val_dl:
            err += (model(x) - y).abs().sum().item()
    print(f"epoch {epoch}  val MAE {err / len(val):.4f}")
