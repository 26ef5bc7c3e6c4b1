import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class PreActBlock(nn.Module):
    """x + conv(relu(conv(relu(x)))), no normalisation (fixup style)."""

    def __init__(self, ch):
        super().__init__()
        self.act = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(ch, ch, 3, padding=1)
        self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x):
        identity = x
        h = self.conv1(self.act(x))
        h = self.conv2(self.act(h))
        return identity + h


class Denoiser(nn.Module):
    def __init__(self, ch=12, depth=3):
        super().__init__()
        self.stem = nn.Conv2d(1, ch, 3, padding=1)
        self.blocks = nn.Sequential(*(PreActBlock(ch) for _ in range(depth)))
        self.tail = nn.Conv2d(ch, 1, 3, padding=1)

    def forward(self, x):
        return self.tail(self.blocks(self.stem(x)))


def waves(n, size=16):
    grid = torch.linspace(-1, 1, size)
    k = 4 * torch.randn(n, 2, 1, 1)
    clean = torch.sin(k[:, :1] * grid[:, None] + k[:, 1:] * grid[None, :] + 6.28 * torch.rand(n, 1, 1, 1))
    return clean + 0.4 * torch.randn_like(clean), clean


torch.manual_seed(17)
train = DataLoader(TensorDataset(*waves(320)), batch_size=16, shuffle=True)
noisy_val, clean_val = waves(80)
model = Denoiser()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
mse = nn.MSELoss()
for epoch in range(4):
    model.train()
    for noisy, clean in train:
        opt.zero_grad()
        mse(model(noisy), clean).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        err = mse(model(noisy_val), clean_val).item()
    print("epoch", epoch, "val mse", round(err, 4))
