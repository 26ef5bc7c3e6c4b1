import torch
from torch import nn


class Config:
    hidden = 20
    batch = 32
    epochs = 5
    lr = 4e-3
    seed = 6


class GestureEncoder(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.lstm = nn.LSTM(3, cfg.hidden, num_layers=1, bidirectional=True, batch_first=True)

    def forward(self, x):
        _, (h_n, _) = self.lstm(x)
        return h_n.view(x.size(0), -1)


class GestureNet(nn.Module):
    def __init__(self, cfg, n_classes=3):
        super().__init__()
        self.encoder = GestureEncoder(cfg)
        self.norm = nn.LayerNorm(2 * cfg.hidden)
        self.head = nn.Linear(2 * cfg.hidden, n_classes)

    def forward(self, x):
        return self.head(self.norm(self.encoder(x)))


def synth(n):
    t = torch.linspace(0, 1, 20)
    y = torch.randint(0, 3, (n,))
    phase = torch.rand(n, 1)
    freq = torch.tensor([1.0, 2.0, 3.5])[y].unsqueeze(1)
    wave = torch.sin(6.283 * (freq * t + phase))
    x = torch.stack([wave, torch.roll(wave, 3, dims=1), torch.randn(n, 20)], dim=-1)
    return x + 0.2 * torch.randn(n, 20, 3), y


class Runner:
    def __init__(self, cfg):
        self.cfg = cfg
        self.net = GestureNet(cfg)
        self.opt = torch.optim.Adam(self.net.parameters(), lr=cfg.lr)
        self.sched = torch.optim.lr_scheduler.ExponentialLR(self.opt, gamma=0.9)

    def train_epoch(self, x, y):
        self.net.train()
        for idx in torch.randperm(len(x)).split(self.cfg.batch):
            self.opt.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(self.net(x[idx]), y[idx]).backward()
            self.opt.step()
        self.sched.step()

    @torch.inference_mode()
    def test(self, x, y):
        self.net.eval()
        return (self.net(x).argmax(-1) == y).float().mean().item()


if __name__ == "__main__":
    cfg = Config()
    torch.manual_seed(cfg.seed)
    xtr, ytr = synth(960)
    xte, yte = synth(300)
    r = Runner(cfg)
    for e in range(cfg.epochs):
        r.train_epoch(xtr, ytr)
        print("epoch", e, "test acc %.3f" % r.test(xte, yte))
