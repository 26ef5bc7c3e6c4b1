import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Forecaster(nn.Module):
    def __init__(self, n_feat: int, hidden: int):
        super().__init__()
        self.rnn = nn.GRU(n_feat, hidden, num_layers=2, dropout=0.1)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seq, _ = self.rnn(x)
        return self.head(seq[:, -1]).squeeze(-1)


class Trainer:
    def __init__(self, model, train_dl, val_dl, lr=4e-3):
        self.model, self.train_dl, self.val_dl = model, train_dl, val_dl
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.loss = nn.MSELoss()

    def run_epoch(self):
        self.model.train()
        for x, y in self.train_dl:
            self.opt.zero_grad()
            self.loss(self.model(x), y).backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.opt.step()

    @torch.no_grad()
    def validate(self) -> float:
        self.model.eval()
        se, n = 0.0, 0
        for x, y in self.val_dl:
            se += ((self.model(x) - y) ** 2).sum().item()
            n += len(y)
        return se / n

    def fit(self, epochs: int):
        for e in range(epochs):
            self.run_epoch()
            print(f"[{e}] val mse {self.validate():.4f}")


def make_sensor_data(n: int, steps: int = 12):
    drift = 0.3 * torch.randn(n, 1, 3)
    x = torch.randn(n, steps, 3) + drift
    y = x[:, :, 0].mean(1) + 0.5 * torch.tanh(x[:, -4:, 1].sum(1)) + 0.05 * torch.randn(n)
    return x, y


def main():
    torch.manual_seed(21)
    x, y = make_sensor_data(900)
    train = DataLoader(TensorDataset(x[:700], y[:700]), batch_size=35, shuffle=True)
    val = DataLoader(TensorDataset(x[700:], y[700:]), batch_size=50)
    Trainer(Forecaster(3, 24), train, val).fit(6)


main()
