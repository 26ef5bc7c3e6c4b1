import torch
from torch import nn

torch.manual_seed(46)
t = torch.arange(600).float()
series = torch.sin(t * 0.15) + 0.01 * t + 0.1 * torch.randn(600)
cut = 480
mean, std = series[:cut].mean(), series[:cut].std()
z = (series - mean) / std
W = 20


def windows(s):
    w = s.unfold(0, W + 1, 1)
    return w[:, :W].unsqueeze(-1), w[:, W:]


xt, yt = windows(z[:cut])
xv, yv = windows(z[cut:])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, x):
        return self.fc(self.lstm(x)[0][:, -1])


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(3):
    net.train()
    for i in torch.randperm(len(xt)).split(46):
        opt.zero_grad()
        nn.functional.mse_loss(net(xt[i]), yt[i]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, nn.functional.mse_loss(net(xv), yv).item() * std.item() ** 2)
