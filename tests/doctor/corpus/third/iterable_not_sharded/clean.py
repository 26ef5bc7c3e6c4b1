import itertools
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


class LogStream(IterableDataset):
    """Reads events one by one, as from a file; (features, latency)"""

    def __init__(self, n_events, seed):
        super().__init__()
        self.n_events = n_events
        self.seed = seed

    def events(self):
        g = torch.Generator().manual_seed(self.seed)
        w = torch.tensor([0.5, -1.0, 2.0, 0.0, 1.0])
        for _ in range(self.n_events):
            x = torch.randn(5, generator=g)
            noise = 0.1 * torch.randn(1, generator=g)
            yield x, (x * w).sum().abs().unsqueeze(0) + noise

    def __iter__(self):
        info = get_worker_info()
        if info is None:
            return self.events()
        return itertools.islice(self.events(), info.id, None, info.num_workers)


def run_epoch(model, loader, criterion, optimizer=None):
    training = optimizer is not None
    model.train(training)
    loss_sum, seen = 0.0, 0
    with torch.set_grad_enabled(training):
        for x, y in loader:
            loss = criterion(model(x), y)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * x.size(0)
            seen += x.size(0)
    return loss_sum / seen, seen


def main():
    torch.manual_seed(0)
    train = DataLoader(LogStream(600, seed=1), batch_size=30, num_workers=2, persistent_workers=True)
    valid = DataLoader(LogStream(200, seed=2), batch_size=50)
    model = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    criterion = nn.MSELoss()
    for epoch in range(8):
        tr, n = run_epoch(model, train, criterion, optimizer)
        va, _ = run_epoch(model, valid, criterion)
        print(f'epoch {epoch} ({n} events) train {tr:.3f} valid {va:.3f}')


if __name__ == '__main__':
    main()
