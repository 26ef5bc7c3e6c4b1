import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(1, 16, 5, padding=2), nn.BatchNorm1d(16), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(16, 16, 5, padding=2), nn.BatchNorm1d(16), nn.ReLU(), nn.AdaptiveAvgPool1d(4), nn.Flatten(),
        )

    def forward(self, x):
        return self.net(x)


class EpisodeSource:
    """Classes are frequencies; training and test classes do not overlap."""

    def __init__(self, freqs, way, shot, query, seed):
        self.freqs, self.way, self.shot, self.query = freqs, way, shot, query
        self.gen = torch.Generator().manual_seed(seed)

    def signal(self, f, n):
        t = torch.linspace(0, 1, 32)
        phase = torch.rand(n, 1, generator=self.gen) * 6.28
        return (torch.sin(6.28 * f * t[None] + phase) + 0.3 * torch.randn(n, 32, generator=self.gen)).unsqueeze(1)

    def __call__(self):
        pick = torch.randperm(len(self.freqs), generator=self.gen)[: self.way]
        s, q = [], []
        for c in pick.tolist():
            x = self.signal(self.freqs[c], self.shot + self.query)
            s.append(x[: self.shot])
            q.append(x[self.shot:])
        labels = torch.arange(self.way).repeat_interleave(self.query)
        return torch.cat(s), torch.cat(q), labels


def proto_logits(encoder, support, query, way, shot):
    z = encoder(torch.cat([support, query]))
    zs, zq = z[: way * shot], z[way * shot:]
    prototypes = zs.view(way, shot, -1).mean(dim=1)
    return -torch.cdist(zq, prototypes).pow(2)


def main():
    torch.manual_seed(0)
    way, shot, query = 4, 5, 6
    train = EpisodeSource([1, 2, 3, 4, 5, 6, 7, 8], way, shot, query, seed=1)
    test = EpisodeSource([1.5, 3.5, 5.5, 7.5, 9], way, shot, query, seed=2)
    enc = Encoder()
    opt = torch.optim.Adam(enc.parameters(), lr=2e-3)
    sched = torch.optim.lr_scheduler.StepLR(opt, step_size=20, gamma=0.5)
    enc.train()
    for episode in range(60):
        s, q, y = train()
        loss = nn.functional.cross_entropy(proto_logits(enc, s, q, way, shot), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if episode % 20 == 19:
            print(episode + 1, loss.item())
    enc.eval()
    hits = []
    with torch.no_grad():
        for _ in range(20):
            s, q, y = test()
            hits.append((proto_logits(enc, s, q, way, shot).argmax(1) == y).float().mean())
    print("new classes", torch.stack(hits).mean().item())


if __name__ == "__main__":
    main()
