import argparse
import torch
import torch.nn as nn

parser = argparse.ArgumentParser(description="adding problem")
parser.add_argument("--len", type=int, default=15)
parser.add_argument("--hid", type=int, default=32)
parser.add_argument("--iters", type=int, default=150)
parser.add_argument("--clip", type=float, default=0.5)
parser.add_argument("--lr", type=float, default=0.05)
args = parser.parse_args()
torch.manual_seed(77)


def get_batch(bs):
    v = torch.rand(bs, args.len)
    m = torch.zeros(bs, args.len)
    half = args.len // 2
    m[torch.arange(bs), torch.randint(0, half, (bs,))] = 1
    m[torch.arange(bs), torch.randint(half, args.len, (bs,))] = 1
    return torch.stack([v, m], dim=2), (v * m).sum(1, keepdim=True)


class GRUSum(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(2, args.hid, batch_first=True)
        self.fc = nn.Linear(args.hid, 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.fc(out[:, -1])


net = GRUSum()
opt = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9)
crit = nn.MSELoss()
avg = 0.0
for it in range(1, args.iters + 1):
    x, t = get_batch(40)
    opt.zero_grad()
    loss = crit(net(x), t)
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), args.clip)
    opt.step()
    avg += loss.item()
    if it % 30 == 0:
        print(f"iter {it} train mse {avg / 30:.4f}")
        avg = 0.0

net.eval()
with torch.no_grad():
    x, t = get_batch(500)
    print(f"test mse {crit(net(x), t).item():.4f}")
