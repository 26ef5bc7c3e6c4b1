import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class DefectTask:
    """Rare defects in a production line; eight per cent of the parts are bad."""

    def __init__(self, n=2500, n_features=10, seed=0):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(n, n_features, generator=g)
        z = x[:, 0] * 1.5 + x[:, 1] ** 2 - x[:, 2] + 0.5 * torch.randn(n, generator=g)
        y = (z > torch.quantile(z, 0.92)).float()
        cut = int(0.75 * n)
        self.train = TensorDataset(x[:cut], y[:cut])
        self.test = TensorDataset(x[cut:], y[cut:])

    def balance(self):
        y = self.train.tensors[1]
        n_pos = y.sum()
        n_neg = len(y) - n_pos
        return n_neg / n_pos


class Learner:
    def __init__(self, task, hidden=32, lr=5e-3):
        self.task = task
        self.net = nn.Sequential(nn.Linear(10, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1))
        self.crit = nn.BCEWithLogitsLoss(pos_weight=task.balance())
        self.opt = torch.optim.Adam(self.net.parameters(), lr=lr)

    def epoch(self):
        self.net.train()
        for x, y in DataLoader(self.task.train, batch_size=125, shuffle=True):
            self.opt.zero_grad()
            self.crit(self.net(x).squeeze(1), y).backward()
            self.opt.step()

    def recall_precision(self):
        self.net.eval()
        x, y = self.task.test.tensors
        with torch.no_grad():
            hit = self.net(x).squeeze(1) > 0
        tp = (hit & (y == 1)).sum().item()
        return tp / max(y.sum().item(), 1), tp / max(hit.sum().item(), 1)


if __name__ == '__main__':
    torch.manual_seed(1)
    learner = Learner(DefectTask())
    for _ in range(8):
        learner.epoch()
    print('recall %.3f precision %.3f' % learner.recall_precision())
