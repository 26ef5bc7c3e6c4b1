"""Step counter: what is the wearer doing? Windows are cut while the stream runs."""
import numpy as np
import torch
import torch.nn as nn

ACTIVITIES = ["rest", "walk", "run"]


class WindowCutter:
    """Keeps the last `size` samples of a stream and emits a window every `hop` samples."""

    def __init__(self, size, channels, hop):
        self.size, self.hop = size, hop
        self.buffer = np.zeros((channels, size), dtype=np.float32)
        self.count = 0

    def push(self, sample):
        self.buffer[:, :-1] = self.buffer[:, 1:]
        self.buffer[:, -1] = sample
        self.count += 1
        return self.count >= self.size and (self.count - self.size) % self.hop == 0

    def cut(self, stream):
        out = []
        for sample in stream:
            if self.push(sample):
                out.append(self.buffer)
        return np.stack(out)


def walk_about(rng, segments=6, seg_len=64):
    """One person: several activities of equal length, three acceleration axes."""
    kinds = rng.integers(0, 3, segments)
    person = rng.normal(1.0, 0.1)
    parts = []
    for k in kinds:
        t = np.arange(seg_len) / 32.0
        rate = (0.0, 1.8, 3.0)[k] * person
        power = (0.0, 0.8, 1.6)[k]
        phase = rng.uniform(0, 2 * np.pi, 3)
        wave = power * np.sin(2 * np.pi * rate * t[:, None] + phase)
        parts.append(wave + rng.normal(0, 0.5, (seg_len, 3)))
    return np.concatenate(parts), kinds


def dataset(n_people, seed):
    rng = np.random.default_rng(seed)
    xs, ys = [], []
    for _ in range(n_people):
        stream, kinds = walk_about(rng)
        # hop == size == segment length: one window per activity
        xs.append(WindowCutter(64, 3, 64).cut(stream))
        ys.append(kinds)
    x = torch.from_numpy(np.concatenate(xs))
    y = torch.from_numpy(np.concatenate(ys))
    assert len(x) == len(y)
    return x, y


class ActivityNet(nn.Module):
    def __init__(self, channels=3, width=16):
        super().__init__()
        self.conv = nn.Conv1d(channels, width, 9, padding=4)
        self.norm = nn.GroupNorm(4, width)
        self.head = nn.Linear(width, len(ACTIVITIES))

    def forward(self, x):
        h = torch.relu(self.norm(self.conv(x)))
        return self.head(h.amax(dim=-1))


def main():
    torch.manual_seed(10)
    x, y = dataset(60, seed=1)
    x_test, y_test = dataset(25, seed=2)
    net = ActivityNet()
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(15):
        net.train()
        for idx in torch.randperm(len(x)).split(24):
            opt.zero_grad()
            loss_fn(net(x[idx]), y[idx]).backward()
            opt.step()
    net.eval()
    with torch.no_grad():
        guess = net(x_test).argmax(1)
    for k, name in enumerate(ACTIVITIES):
        print(f"{name:5s} recall {(guess[y_test == k] == k).float().mean().item():.2f}")
    print(f"accuracy {(guess == y_test).float().mean().item():.3f}")


main()
