import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class CausalConv(nn.Module):
    def __init__(self, i, o, k, dilation):
        super().__init__()
        self.left = (k - 1) * dilation
        self.conv = nn.utils.parametrizations.weight_norm(nn.Conv1d(i, o, k, dilation=dilation))

    def forward(self, x):
        return self.conv(nn.functional.pad(x, (self.left, 0)))


class TCN(nn.Module):
    def __init__(self, channels=(1, 16, 16, 16), k=3, p=0.05):
        super().__init__()
        self.blocks = nn.ModuleList()
        self.skips = nn.ModuleList()
        for level, (i, o) in enumerate(zip(channels[:-1], channels[1:])):
            conv = CausalConv(i, o, k, 2**level)
            self.blocks.append(nn.Sequential(conv, nn.ReLU(), nn.Dropout(p)))
            self.skips.append(nn.Identity() if i == o else nn.Conv1d(i, o, 1))
        self.out = nn.Conv1d(channels[-1], 1, 1)

    def forward(self, x):
        for block, skip in zip(self.blocks, self.skips):
            x = torch.relu(block(x) + skip(x))
        return self.out(x)


class Windows(Dataset):
    """Input y[t : t+L], target y[t+1 : t+L+1]: every position predicts the next value."""

    def __init__(self, series, length, stride):
        self.series, self.length = series, length
        self.starts = list(range(0, len(series) - length, stride))

    def __len__(self):
        return len(self.starts)

    def __getitem__(self, i):
        s = self.starts[i]
        chunk = self.series[s:s + self.length + 1]
        return chunk[:-1].unsqueeze(0), chunk[1:].unsqueeze(0)


torch.manual_seed(0)
t = torch.arange(1500).float()
raw = torch.sin(t / 8) + 0.5 * torch.sin(t / 3.1) + 0.1 * torch.randn(1500) + 4
n_train, n_val = 1000, 250
mean, std = raw[:n_train].mean(), raw[:n_train].std()
z = (raw - mean) / std
train = DataLoader(Windows(z[:n_train], 48, 4), batch_size=32, shuffle=True)
val = DataLoader(Windows(z[n_train:n_train + n_val], 48, 48), batch_size=32)
test = DataLoader(Windows(z[n_train + n_val:], 48, 48), batch_size=32)
net = TCN()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, mode="min", factor=0.3, patience=1)


def mse(loader):
    net.eval()
    se = n = 0
    with torch.no_grad():
        for x, y in loader:
            se += (net(x) - y).pow(2).sum().item()
            n += y.numel()
    return se / n


for epoch in range(5):
    net.train()
    for x, y in train:
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        opt.step()
    v = mse(val)
    plateau.step(v)
    print(epoch, round(v, 4))
print("test rmse in units", (mse(test) ** 0.5) * std.item())
