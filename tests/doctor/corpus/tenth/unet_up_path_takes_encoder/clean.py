import torch
import torch.nn as nn
import torch.nn.functional as F


def double_conv(c_in, c_out):
    return nn.Sequential(
        nn.Conv1d(c_in, c_out, 3, padding=1), nn.BatchNorm1d(c_out), nn.ReLU(inplace=True),
        nn.Conv1d(c_out, c_out, 3, padding=1), nn.BatchNorm1d(c_out), nn.ReLU(inplace=True),
    )


class UNet1D(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.enc1 = double_conv(1, c)
        self.enc2 = double_conv(c, 2 * c)
        self.mid = double_conv(2 * c, 4 * c)
        self.pool = nn.MaxPool1d(4)
        self.up2 = nn.ConvTranspose1d(4 * c, 2 * c, 4, stride=4)
        self.dec2 = double_conv(4 * c, 2 * c)
        self.up1 = nn.ConvTranspose1d(2 * c, c, 4, stride=4)
        self.dec1 = double_conv(2 * c, c)
        self.out = nn.Conv1d(c, 1, 1)

    def forward(self, x):
        e1 = self.enc1(x)
        e2 = self.enc2(self.pool(e1))
        m = self.mid(self.pool(e2))
        d2 = self.dec2(torch.cat([self.up2(m), e2], dim=1))
        d1 = self.dec1(torch.cat([self.up1(d2), e1], dim=1))
        return self.out(d1)


class Segments:
    """Noisy traces with one long event (mask 1); short spikes are distractors (mask 0)."""

    def __init__(self, n, length=128, seed=0):
        g = torch.Generator().manual_seed(seed)
        self.x = 0.5 * torch.randn(n, 1, length, generator=g)
        self.y = torch.zeros(n, 1, length)
        for i in range(n):
            s = int(torch.randint(0, length - 48, (1,), generator=g))
            self.x[i, 0, s:s + 48] += 1.0
            self.y[i, 0, s:s + 48] = 1.0
            for _ in range(3):
                k = int(torch.randint(0, length - 12, (1,), generator=g))
                if self.y[i, 0, k:k + 12].sum() == 0:
                    self.x[i, 0, k:k + 12] += 1.0

    def __len__(self):
        return len(self.x)


def dice(logits, target):
    pred = (logits > 0).float()
    return (2 * (pred * target).sum() / (pred.sum() + target.sum()).clamp(min=1)).item()


if __name__ == "__main__":
    torch.manual_seed(1)
    train, test = Segments(320, seed=1), Segments(100, seed=2)
    net = UNet1D()
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(5):
        net.train()
        for idx in torch.randperm(len(train)).split(20):
            opt.zero_grad()
            loss = F.binary_cross_entropy_with_logits(net(train.x[idx]), train.y[idx])
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            print(f"epoch {epoch} loss {loss.item():.3f} test dice {dice(net(test.x), test.y):.3f}")
