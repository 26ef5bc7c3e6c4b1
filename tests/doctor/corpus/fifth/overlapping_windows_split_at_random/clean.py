import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

HISTORY = 24
HORIZON = 6


class Windows(Dataset):
    def __init__(self, series):
        self.series = series

    def __len__(self):
        return len(self.series) - HISTORY - HORIZON + 1

    def __getitem__(self, t):
        past = self.series[t:t + HISTORY]
        future = self.series[t + HISTORY:t + HISTORY + HORIZON]
        return past.unsqueeze(-1) - past[-1], future - past[-1]


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, HORIZON)

    def forward(self, past):
        _, h = self.rnn(past)
        return self.out(h[-1])


def split(ds, test_share=0.25):
    n_test = int(len(ds) * test_share)
    first_test = len(ds) - n_test
    train = range(first_test - HISTORY - HORIZON + 1)
    return Subset(ds, train), Subset(ds, range(first_test, len(ds)))


def main():
    torch.manual_seed(12)
    noise = torch.randn(800)
    series = torch.cumsum(0.3 * noise, 0) + torch.sin(torch.arange(800.0) / 12 * 6.2832)
    train, test = split(Windows(series))
    train_dl = DataLoader(train, batch_size=32, shuffle=True)
    test_dl = DataLoader(test, batch_size=64)

    model = Forecaster()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    loss_fn = nn.SmoothL1Loss()
    for _ in range(6):
        model.train()
        for past, future in train_dl:
            opt.zero_grad()
            loss_fn(model(past), future).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()

    model.eval()
    total = 0.0
    with torch.no_grad():
        for past, future in test_dl:
            total += (model(past) - future).abs().mean(dim=1).sum().item()
    print(f"test MAE {total / len(test):.4f} over {len(test)} windows")


main()
