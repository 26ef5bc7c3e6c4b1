import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset


class Keywords(Dataset):
    """Noisy one-dimensional 'recordings' of five tones."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.labels = torch.randint(5, (n,), generator=g)
        t = torch.linspace(0, 1, 64)
        freq = 3.0 + 2.0 * self.labels[:, None]
        phase = torch.rand(n, 1, generator=g)
        clean = torch.sin(2 * torch.pi * (freq * t + phase))
        self.waves = (clean + 0.8 * torch.randn(n, 64, generator=g)).unsqueeze(1)

    def __len__(self):
        return self.labels.numel()

    def __getitem__(self, i):
        return self.waves[i], self.labels[i]


class ToneNet(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(1, width, 9, stride=2, padding=4, bias=False), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Conv1d(width, width, 9, stride=2, padding=4, bias=False), nn.BatchNorm1d(width), nn.ReLU(),
            nn.AdaptiveMaxPool1d(1), nn.Flatten(),
        )
        self.head = nn.Linear(width, 5)

    def forward(self, x):
        return self.head(self.body(x))


class Runner:
    def __init__(self, net, train_set, test_set, *, epochs, max_lr, batch_size=32):
        self.net, self.epochs = net, epochs
        self.train_loader = DataLoader(train_set, batch_size, shuffle=True)
        self.test_loader = DataLoader(test_set, 4 * batch_size)
        self.opt = torch.optim.SGD(net.parameters(), lr=max_lr, momentum=0.9, weight_decay=5e-4)
        self.sched = torch.optim.lr_scheduler.OneCycleLR(
            self.opt, max_lr=max_lr, total_steps=epochs * len(self.train_loader), pct_start=0.3)

    def step(self, batch):
        x, y = batch
        self.opt.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.net(x), y)
        loss.backward()
        self.opt.step()
        self.sched.step()
        return loss.detach()

    def epoch(self):
        self.net.train()
        losses = [self.step(batch) for batch in self.train_loader]
        return torch.stack(losses).mean().item()

    @torch.no_grad()
    def test(self):
        self.net.eval()
        good = sum((self.net(x).argmax(1) == y).sum().item() for x, y in self.test_loader)
        return good / len(self.test_loader.dataset)

    def run(self):
        for e in range(self.epochs):
            loss = self.epoch()
            lr = self.opt.param_groups[0]["lr"]
            print(f"epoch {e}: mean batch loss {loss:.4f}, lr {lr:.5f}")
        return self.test()


if __name__ == "__main__":
    torch.manual_seed(0)
    runner = Runner(ToneNet(), Keywords(640, 0), Keywords(200, 1), epochs=6, max_lr=0.05)
    print("test accuracy", runner.run())
