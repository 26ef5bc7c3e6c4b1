"""Stop-and-resume that is bit-exact: model, optimizer, scheduler, EMA of the loss, epoch, and every random state are saved.

The script trains once straight through and once interrupted, and asserts that both end with equal weights."""
import argparse
import random
import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def seed_all(seed):
    random.seed(seed)
    torch.manual_seed(seed)


def regression_data(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 6, generator=g) * 2 - 1
    y = torch.sin(3 * x[:, :1]) + x[:, 1:2] * x[:, 2:3] - x[:, 3:4] ** 2 + 0.1 * torch.randn(n, 1, generator=g)
    return TensorDataset(x, y)


class Experiment:
    def __init__(self, args):
        seed_all(args.seed)
        self.args = args
        self.model = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Dropout(0.1), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1))
        self.opt = torch.optim.AdamW(self.model.parameters(), lr=5e-3)
        self.sched = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(self.opt, T_0=2, T_mult=2)
        self.order = torch.Generator().manual_seed(args.seed)
        self.train_dl = DataLoader(regression_data(512, 1), batch_size=32, shuffle=True, generator=self.order)
        self.val_dl = DataLoader(regression_data(256, 2), batch_size=128)
        self.epoch, self.smooth = 0, None

    def state(self):
        return {
            "epoch": self.epoch,
            "smooth": self.smooth,
            "model": self.model.state_dict(),
            "opt": self.opt.state_dict(),
            "sched": self.sched.state_dict(),
            "rng": {"torch": torch.get_rng_state(), "order": self.order.get_state(), "python": random.getstate()},
        }

    def save(self, path):
        tmp = path.with_suffix(".tmp")
        torch.save(self.state(), tmp)
        tmp.replace(path)  # never leaves half a file behind

    def load(self, path):
        s = torch.load(path, map_location="cpu", weights_only=True)
        self.epoch, self.smooth = s["epoch"], s["smooth"]
        self.model.load_state_dict(s["model"])
        self.opt.load_state_dict(s["opt"])
        self.sched.load_state_dict(s["sched"])
        torch.set_rng_state(s["rng"]["torch"])
        self.order.set_state(s["rng"]["order"])
        random.setstate(s["rng"]["python"])

    def augment(self, x):
        # the target does not change when features 4 and 5 (pure noise) are swapped
        return x[:, [0, 1, 2, 3, 5, 4]] if random.random() < 0.5 else x

    def run(self, until, path=None):
        n = len(self.train_dl)
        while self.epoch < until:
            self.model.train()
            for i, (x, y) in enumerate(self.train_dl):
                loss = nn.functional.mse_loss(self.model(self.augment(x)), y)
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
                self.sched.step(self.epoch + (i + 1) / n)  # fractional epochs, as this scheduler documents
                self.smooth = loss.item() if self.smooth is None else 0.9 * self.smooth + 0.1 * loss.item()
            self.epoch += 1
            if path is not None:
                self.save(path)
        return self

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        se = sum(nn.functional.mse_loss(self.model(x), y, reduction="sum").item() for x, y in self.val_dl)
        return se / len(self.val_dl.dataset)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=14)
    ap.add_argument("--stop-after", type=int, default=5)
    ap.add_argument("--seed", type=int, default=55)
    args = ap.parse_args()
    straight = Experiment(args).run(args.epochs)
    with tempfile.TemporaryDirectory() as d:
        path = Path(d) / "last.pt"
        Experiment(args).run(args.stop_after, path)
        resumed = Experiment(args)
        resumed.load(path)
        resumed.run(args.epochs, path)
    for (k, a), b in zip(straight.model.state_dict().items(), resumed.model.state_dict().values()):
        assert torch.equal(a, b), k
    print(f"straight val {straight.validate():.5f}, resumed val {resumed.validate():.5f}, train {resumed.smooth:.4f}: identical")


if __name__ == "__main__":
    main()
