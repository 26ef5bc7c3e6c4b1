import torch
import torch.nn as nn
from torch.optim.lr_scheduler import ReduceLROnPlateau


class AverageMeter(object):
    def __init__(self):
        self.reset()

    def reset(self):
        self.sum = 0.0
        self.count = 0

    def update(self, val, n=1):
        self.sum += val * n
        self.count += n

    @property
    def avg(self):
        return self.sum / max(self.count, 1)


class GRURegressor(nn.Module):
    def __init__(self, hidden=24):
        super(GRURegressor, self).__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.gru(x)
        return self.fc(h[-1])


def windows(series, width):
    w = series.unfold(0, width + 1, 1)
    return w[:, :width].unsqueeze(-1), w[:, width:]


def adjust(scheduler, meter, optimizer):
    before = optimizer.param_groups[0]["lr"]
    scheduler.step(meter.avg)
    after = optimizer.param_groups[0]["lr"]
    return "  lr %.4f -> %.4f" % (before, after) if after != before else ""


def main():
    torch.manual_seed(2)
    t = torch.arange(700, dtype=torch.float32)
    series = torch.sin(0.21 * t) * torch.cos(0.037 * t) + 0.05 * torch.randn(700)
    x_tr, y_tr = windows(series[:500], 20)
    x_va, y_va = windows(series[500:], 20)

    model = GRURegressor()
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    scheduler = ReduceLROnPlateau(optimizer, mode="min", factor=0.3, patience=2)
    train_meter, val_meter = AverageMeter(), AverageMeter()

    for epoch in range(14):
        train_meter.reset()
        val_meter.reset()
        model.train()
        for idx in torch.randperm(len(x_tr)).split(48):
            loss = criterion(model(x_tr[idx]), y_tr[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            train_meter.update(loss.item(), len(idx))

        model.eval()
        with torch.no_grad():
            for xb, yb in zip(x_va.split(60), y_va.split(60)):
                val_meter.update(criterion(model(xb), yb).item(), len(xb))
        note = adjust(scheduler, val_meter, optimizer)
        print("epoch %2d  train %.5f  val %.5f%s" % (epoch, train_meter.avg, val_meter.avg, note))


if __name__ == "__main__":
    main()
