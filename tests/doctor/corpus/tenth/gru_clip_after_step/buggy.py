import torch
from torch import nn

torch.manual_seed(21)


class AddingGRU(nn.Module):
    """The adding problem: sum the two marked numbers of a sequence."""

    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.GRU(2, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, seq):
        _, h = self.rnn(seq)
        return self.out(h[-1]).squeeze(-1)


def adding_batch(n, length=20):
    values = torch.rand(n, length)
    marks = torch.zeros(n, length)
    half = length // 2
    rows = torch.arange(n)
    marks[rows, torch.randint(0, half, (n,))] = 1.0
    marks[rows, torch.randint(half, length, (n,))] = 1.0
    return torch.stack([values, marks], dim=-1), (values * marks).sum(1)


net = AddingGRU()
optim = torch.optim.Adam(net.parameters(), lr=5e-3)
loss_fn = nn.MSELoss()
test_x, test_y = adding_batch(300)
MAX_NORM = 0.5

for it in range(300):
    net.train()
    bx, by = adding_batch(64)
    optim.zero_grad()
    loss = loss_fn(net(bx), by)
    loss.backward()
    optim.step()
    torch.nn.utils.clip_grad_norm_(net.parameters(), MAX_NORM)

    if it % 100 == 99:
        net.eval()
        with torch.no_grad():
            mse = loss_fn(net(test_x), test_y).item()
        print("iter", it + 1, "train", round(loss.item(), 4), "test", round(mse, 4))
