import csv
import itertools
import pathlib
import random
import tempfile

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


def write_log(path, n, seed):
    rnd = random.Random(seed)
    with open(path, "w", newline="") as fh:
        out = csv.writer(fh)
        out.writerow(["temp", "load", "vibration", "failed"])
        for _ in range(n):
            temp, load, vib = rnd.gauss(70, 8), rnd.uniform(0, 1), rnd.expovariate(2)
            risk = 0.15 * (temp - 74) + 2 * (load - 0.5) + 1.5 * (vib - 0.5)
            out.writerow([f"{temp:.2f}", f"{load:.3f}", f"{vib:.3f}", int(risk + rnd.gauss(0, 0.7) > 0)])


class LogStream(IterableDataset):
    """Reads the log line by line; never holds the file in memory."""

    def __init__(self, path, centre=(70.0, 0.5, 0.5), spread=(8.0, 0.29, 0.5)):
        self.path = path
        self.centre, self.spread = torch.tensor(centre), torch.tensor(spread)

    def parse(self, row):
        values = torch.tensor([float(v) for v in row[:3]])
        return (values - self.centre) / self.spread, torch.tensor(float(row[3]))

    def __iter__(self):
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        with open(self.path, newline="") as fh:
            rows = csv.reader(fh)
            next(rows)
            yield from map(self.parse, itertools.islice(rows, first, None, step))


def evaluate(model, loader):
    model.eval()
    alarms = right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            guess = (model(x).squeeze(1) > 0).float()
            alarms += int(guess.sum())
            right += int((guess == y).sum())
            seen += len(y)
    return alarms, right / seen, seen


def main():
    torch.manual_seed(2)
    folder = pathlib.Path(tempfile.mkdtemp())
    write_log(folder / "january.csv", 1500, 1)
    write_log(folder / "february.csv", 500, 2)
    train = DataLoader(LogStream(folder / "january.csv"), batch_size=50, num_workers=2)
    test = DataLoader(LogStream(folder / "february.csv"), batch_size=100, num_workers=2)

    model = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1))
    opt = torch.optim.RMSprop(model.parameters(), lr=3e-3)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(4):
        model.train()
        for x, y in train:
            opt.zero_grad()
            bce(model(x).squeeze(1), y).backward()
            opt.step()
    alarms, acc, seen = evaluate(model, test)
    print(f"february: {alarms} alarms in {seen} records, accuracy {acc:.3f}")


if __name__ == "__main__":
    main()
