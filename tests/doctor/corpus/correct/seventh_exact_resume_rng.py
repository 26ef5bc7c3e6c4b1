"""Stop anywhere, resume exactly: the checkpoint holds model, optimizer, schedule, sampler position and RNGs."""
import io
import random
from dataclasses import dataclass, asdict

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Sampler


class ResumableSampler(Sampler):
    """A permutation per epoch, a function of (seed, epoch); can start in the middle."""

    def __init__(self, n, seed):
        self.n, self.seed, self.epoch, self.start = n, seed, 0, 0

    def __iter__(self):
        g = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        yield from torch.randperm(self.n, generator=g)[self.start:].tolist()

    def __len__(self):
        return max(0, self.n - self.start)


class Noisy(Dataset):
    """Augments with numpy and python random: both states belong in the checkpoint."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        x = self.x[i] + torch.from_numpy(np.random.normal(0, 0.1, self.x.shape[1])).float()
        return (-x if random.random() < 0.5 else x), self.y[i]


@dataclass
class Progress:
    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    seen: int = 0


def rng_state():
    kind, keys, pos, has_gauss, cached = np.random.get_state()
    version, internal, gauss = random.getstate()
    return {"torch": torch.get_rng_state(), "numpy": [kind, keys.tolist(), pos, has_gauss, cached],
            "python": [version, list(internal), gauss]}


def set_rng_state(s):
    torch.set_rng_state(s["torch"])
    kind, keys, pos, has_gauss, cached = s["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), pos, has_gauss, cached))
    version, internal, gauss = s["python"]
    random.setstate((version, tuple(internal), gauss))


class Job:
    BATCH, EPOCHS = 32, 12

    def __init__(self, seed=0):
        random.seed(seed), np.random.seed(seed), torch.manual_seed(seed)
        gen = torch.Generator().manual_seed(1000)
        x = torch.randn(400, 6, generator=gen)
        y = ((x[:, 0] * x[:, 1]) > 0).long()            # the sign of x does not matter
        self.net = nn.Sequential(nn.Linear(6, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 2))
        self.opt = torch.optim.AdamW(self.net.parameters(), lr=3e-3)
        per_epoch = -(-300 // self.BATCH)
        self.sched = torch.optim.lr_scheduler.CosineAnnealingLR(self.opt, per_epoch * self.EPOCHS)
        self.sampler = ResumableSampler(300, seed)
        self.train = DataLoader(Noisy(x[:300], y[:300]), self.BATCH, sampler=self.sampler,
                                generator=torch.Generator().manual_seed(0))
        self.test = x[300:], y[300:]
        self.at = Progress()

    def save(self):
        buf = io.BytesIO()
        torch.save({"net": self.net.state_dict(), "opt": self.opt.state_dict(), "sched": self.sched.state_dict(),
                    "at": asdict(self.at), "rng": rng_state()}, buf)
        return buf.getvalue()

    def load(self, blob):
        s = torch.load(io.BytesIO(blob), weights_only=True)
        self.net.load_state_dict(s["net"])
        self.opt.load_state_dict(s["opt"])
        self.sched.load_state_dict(s["sched"])
        self.at = Progress(**s["at"])
        set_rng_state(s["rng"])
        return self

    def run(self, max_batches=None):
        done = 0
        self.net.train()
        while self.at.epoch < self.EPOCHS:
            self.sampler.epoch, self.sampler.start = self.at.epoch, self.at.batch * self.BATCH
            for x, y in self.train:
                loss = nn.functional.cross_entropy(self.net(x), y)
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
                self.sched.step()
                self.at.batch += 1
                self.at.loss_sum += loss.item() * len(y)
                self.at.seen += len(y)
                done += 1
                if done == max_batches:
                    return None
            mean = self.at.loss_sum / self.at.seen
            self.at = Progress(epoch=self.at.epoch + 1)
        return mean

    @torch.no_grad()
    def accuracy(self):
        self.net.eval()
        x, y = self.test
        return (self.net(x).argmax(1) == y).float().mean().item()


def main():
    straight = Job()
    final = straight.run()
    first = Job()
    assert first.run(max_batches=17) is None
    blob = first.save()
    resumed = Job(seed=0).load(blob)
    again = resumed.run()
    assert final == again, (final, again)
    for a, b in zip(straight.net.state_dict().values(), resumed.net.state_dict().values()):
        assert torch.equal(a, b)
    print(f"identical after resume: train loss {final:.4f}, test accuracy {resumed.accuracy():.3f}")


if __name__ == "__main__":
    main()
