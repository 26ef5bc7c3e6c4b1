"""Curriculum for sequential parity: the length grows once the present one is mastered."""
import torch
from torch import nn

torch.manual_seed(1)


def batch(n, length, gen=None):
    x = torch.randint(0, 2, (n, length), generator=gen)
    return x.unsqueeze(-1).float(), (x.cumsum(1) % 2).float()


class Parity(nn.Module):
    def __init__(self, h=24):
        super().__init__()
        self.rnn, self.out = nn.GRU(1, h, batch_first=True), nn.Linear(h, 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0]).squeeze(-1)


class Curriculum:
    def __init__(self, start=2, stop=12, need=0.95):
        self.length, self.stop, self.need, self.avg = start, stop, need, 0.5

    def draw(self, n):
        # mostly the present length, at times a shorter one against forgetting
        if torch.rand(()) < 0.2:
            return batch(n, int(torch.randint(2, self.length + 1, ())))
        return batch(n, self.length)

    def report(self, acc):
        self.avg = 0.8 * self.avg + 0.2 * acc
        if self.avg > self.need and self.length < self.stop:
            self.length += 1
            self.avg = 0.5
            return True
        return False


net, cur = Parity(), Curriculum()
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
bce = nn.BCEWithLogitsLoss()
fixed = batch(200, 12, torch.Generator().manual_seed(5))
for it in range(1, 351):
    net.train()
    x, y = cur.draw(64)
    logits = net(x)
    loss = bce(logits, y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    with torch.no_grad():
        acc = ((logits > 0) == (y > 0.5)).float().mean().item()
    if cur.report(acc) and cur.length % 4 == 0:
        print(f"it {it}: on to length {cur.length}")
net.eval()
with torch.no_grad():
    x, y = fixed
    logits = net(x)
    right = ((logits > 0) == (y > 0.5)).float()
print(f"length 12: per step {right.mean().item():.3f}, last step {right[:, -1].mean().item():.3f}, loss {bce(logits, y).item():.3f}")
