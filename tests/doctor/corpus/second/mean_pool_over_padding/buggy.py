import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

torch.manual_seed(31)


def trip():
    n = int(torch.randint(4, 40, (1,)))
    base = torch.randn(1).item()
    x = base + 0.5 * torch.randn(n, 1)
    return x, x.mean()


trips = [trip() for _ in range(900)]


def batches(data, size, shuffle):
    order = torch.randperm(len(data)).tolist() if shuffle else range(len(data))
    order = list(order)
    for s in range(0, len(order), size):
        part = [data[i] for i in order[s:s + size]]
        xs = [p[0] for p in part]
        yield pad_sequence(xs, batch_first=True), torch.tensor([len(v) for v in xs]), torch.stack([p[1] for p in part])


class TripNet(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        pooled = out.mean(1)
        return self.fc(pooled).squeeze(1)


net = TripNet()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(6):
    net.train()
    for x, lengths, y in batches(trips[:700], 35, True):
        opt.zero_grad()
        nn.functional.mse_loss(net(x, lengths), y).backward()
        opt.step()

net.eval()
err = 0.0
with torch.no_grad():
    for x, lengths, y in batches(trips[700:], 50, False):
        err += ((net(x, lengths) - y) ** 2).sum().item()
print(f"test mse {err / 200:.4f}")
