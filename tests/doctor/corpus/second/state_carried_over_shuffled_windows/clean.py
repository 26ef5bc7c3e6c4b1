import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(17)
LANES, WINDOW = 20, 25

# twenty parallel recordings, cut into consecutive windows: window w of all lanes, then window w + 1, ...
time = torch.arange(40 * WINDOW + 1).float()
speed = 0.05 + 0.2 * torch.rand(LANES, 1)
signal = torch.sin(time * speed + 6.28 * torch.rand(LANES, 1)) + 0.1 * torch.randn(LANES, len(time))


def windows(sig):
    n = (sig.size(1) - 1) // WINDOW
    x = sig[:, :n * WINDOW].view(LANES, n, WINDOW).transpose(0, 1).reshape(-1, WINDOW, 1)
    y = sig[:, 1:n * WINDOW + 1].view(LANES, n, WINDOW).transpose(0, 1).reshape(-1, WINDOW, 1)
    return TensorDataset(x, y)


train_set = windows(signal[:, :30 * WINDOW + 1])
val_set = windows(signal[:, 30 * WINDOW:])
train_dl = DataLoader(train_set, batch_size=LANES, shuffle=False)
val_dl = DataLoader(val_set, batch_size=LANES, shuffle=False)


class Stream(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(1, 24, batch_first=True)
        self.head = nn.Linear(24, 1)

    def forward(self, x, state=None):
        out, state = self.rnn(x, state)
        return self.head(out), tuple(s.detach() for s in state)


net = Stream()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
mse = nn.MSELoss()
for epoch in range(5):
    net.train()
    state = None
    for x, y in train_dl:
        pred, state = net(x, state)
        loss = mse(pred, y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
    net.eval()
    state, total = None, 0.0
    with torch.no_grad():
        for x, y in val_dl:
            pred, state = net(x, state)
            total += mse(pred, y).item() * len(x)
    print(epoch, "val mse", round(total / len(val_set), 4))
