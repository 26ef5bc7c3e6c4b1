"""Truncated BPTT: parallel streams, hidden state carried across chunks and detached at each boundary."""
import torch
from torch import nn

torch.manual_seed(16)
STREAMS, CHUNK, DELAY = 16, 20, 3


def make_streams(length, seed):
    """Binary input; target at t is the XOR of the inputs at t and t-DELAY."""
    g = torch.Generator().manual_seed(seed)
    bits = torch.randint(0, 2, (STREAMS, length + DELAY), generator=g)
    x = bits[:, DELAY:]
    y = x ^ bits[:, :-DELAY]
    y[:, :DELAY] = -100  # inputs before the start of the stream were never shown
    return x.float().unsqueeze(-1), y


class Net(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.rnn = nn.LSTM(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 2)

    def forward(self, x, state=None):
        h, state = self.rnn(x, state)
        return self.out(h), state


def detach(state):
    return tuple(s.detach() for s in state)


def chunks(x, y):
    for t in range(0, x.size(1), CHUNK):
        yield x[:, t : t + CHUNK], y[:, t : t + CHUNK]


model = Net()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss(ignore_index=-100)
x_train, y_train = make_streams(600, 1)
x_val, y_val = make_streams(200, 2)

for epoch in range(10):
    model.train()
    state, total, n = None, 0.0, 0  # a new pass over the streams starts from an empty memory
    for x, y in chunks(x_train, y_train):
        if state is not None:
            state = detach(state)
        logits, state = model(x, state)
        loss = criterion(logits.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        valid = (y != -100).sum().item()
        total += loss.item() * valid
        n += valid
    model.eval()
    hits = count = 0
    with torch.no_grad():
        state = None
        for x, y in chunks(x_val, y_val):
            logits, state = model(x, state)
            keep = y != -100
            hits += ((logits.argmax(-1) == y) & keep).sum().item()
            count += keep.sum().item()
    print(f"epoch {epoch + 1:2d}: train {total / n:.4f} val acc {hits / count:.3f}")
