"""A frozen feature extractor serves two heads: the first was trained with it, the second is added later for another sensor."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def signals(n, shift, gain, gen):
    t = torch.arange(48).float()
    freq = torch.randint(1, 5, (n,), generator=gen)
    phase = 6.28 * torch.rand(n, 1, generator=gen)
    clean = torch.sin(2 * torch.pi * freq[:, None] * t / 48 + phase)
    wave = gain * (clean + 0.4 * torch.randn(n, 48, generator=gen)) + shift
    return wave.unsqueeze(1), freq - 1


class TwoHeaded(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv1d(1, 16, 7, padding=3), nn.BatchNorm1d(16), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(16, 32, 5, padding=2), nn.BatchNorm1d(32), nn.ReLU(), nn.AdaptiveAvgPool1d(4), nn.Flatten(),
        )
        self.heads = nn.ModuleDict({"old": nn.Linear(128, 4)})

    def forward(self, x, head):
        return self.heads[head](self.backbone(x))


def accuracy(net, data, head):
    net.eval()
    with torch.no_grad():
        return (net(data[0], head).argmax(1) == data[1]).float().mean().item()


def pretrain(net, data, epochs=8):
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(data[0])).split(50):
            opt.zero_grad()
            F.cross_entropy(net(data[0][idx], "old"), data[1][idx]).backward()
            opt.step()


def add_head(net, name, data, epochs=15):
    net.heads[name] = nn.Linear(128, 4)
    net.backbone.requires_grad_(False)
    opt = torch.optim.Adam(net.heads[name].parameters(), lr=5e-3)
    for _ in range(epochs):
        net.train()
        net.backbone.eval()
        for idx in torch.randperm(len(data[0])).split(50):
            opt.zero_grad()
            F.cross_entropy(net(data[0][idx], name), data[1][idx]).backward()
            opt.step()


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(40)
    old_train, old_test = signals(1000, 0.0, 1.0, gen), signals(400, 0.0, 1.0, gen)
    new_train, new_test = signals(300, 0.5, 1.6, gen), signals(400, 0.5, 1.6, gen)

    net = TwoHeaded()
    pretrain(net, old_train)
    print(f"old sensor after pretraining: {accuracy(net, old_test, 'old'):.3f}")
    add_head(net, "new", new_train)
    print(f"new sensor: {accuracy(net, new_test, 'new'):.3f}")
    print(f"old sensor again: {accuracy(net, old_test, 'old'):.3f}")


if __name__ == "__main__":
    main()
