"""Truncated BPTT with state carried over batches; the update runs inside backward, parameter by parameter."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def signal(n, seed):
    """Random symbols; the task is to name the one seen `LAG` steps ago."""
    g = torch.Generator().manual_seed(seed)
    return torch.randint(0, SYMBOLS, (n,), generator=g)


SYMBOLS, LAG, STREAMS, WINDOW = 4, 3, 20, 12


def batchify(seq, streams):
    """(time, streams): every column is one contiguous piece, so the order of rows must be kept."""
    length = len(seq) // streams
    return seq[:length * streams].view(streams, length).t().contiguous()


def targets_of(rows):
    out = torch.full_like(rows, -1)
    out[LAG:] = rows[:-LAG]
    return out            # the first LAG steps of each stream have no answer


def repackage_hidden(h):
    """Cut the history, keep the values."""
    if isinstance(h, torch.Tensor):
        return h.detach()
    return tuple(repackage_hidden(v) for v in h)


class Memory(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.emb = nn.Embedding(SYMBOLS, 16)
        self.lstm = nn.LSTM(16, hidden)
        self.out = nn.Linear(hidden, SYMBOLS)

    def forward(self, x, state):
        y, state = self.lstm(self.emb(x), state)
        return self.out(y), state

    def zero_state(self, batch):
        w = next(self.parameters())
        return tuple(w.new_zeros(1, batch, self.lstm.hidden_size) for _ in range(2))


def fuse_optimizer(model, make):
    """One optimizer per parameter, stepped as soon as its gradient is complete; the gradient is freed at once."""
    optimizers = {p: make([p]) for p in model.parameters()}

    def hook(p):
        nn.utils.clip_grad_value_(p, 0.5)
        optimizers[p].step()
        optimizers[p].zero_grad()

    return optimizers, [p.register_post_accumulate_grad_hook(hook) for p in model.parameters()]


def windows(rows, targets):
    for i in range(0, len(rows), WINDOW):
        yield rows[i:i + WINDOW], targets[i:i + WINDOW]


def run(model, rows, train):
    model.train(train)
    state = model.zero_state(rows.size(1))
    targets = targets_of(rows)
    loss_sum = correct = count = 0
    for x, y in windows(rows, targets):
        state = repackage_hidden(state)
        with torch.set_grad_enabled(train):
            logits, state = model(x, state)
            loss = F.cross_entropy(logits.flatten(0, 1), y.flatten(), ignore_index=-1)
        if train:
            loss.backward()     # the parameters have moved when this returns
        known = y != -1
        n = int(known.sum())
        loss_sum += loss.item() * n
        correct += int((logits.argmax(-1) == y)[known].sum())
        count += n
    return loss_sum / count, correct / count


def main():
    torch.manual_seed(33)
    train, test = batchify(signal(9600, 1), STREAMS), batchify(signal(2000, 2), 10)
    model = Memory()
    optimizers, handles = fuse_optimizer(model, lambda ps: torch.optim.Adam(ps, lr=8e-3))
    print("before: loss %.3f acc %.3f" % run(model, test, train=False))
    for epoch in range(7):
        loss, acc = run(model, train, train=True)
        for opt in optimizers.values():
            for group in opt.param_groups:
                group["lr"] *= 0.85
        print(f"epoch {epoch} loss {loss:.3f} acc {acc:.3f}")
    for h in handles:
        h.remove()
    assert all(p.grad is None for p in model.parameters())
    print("test: loss %.3f acc %.3f (chance %.2f)" % (*run(model, test, train=False), 1 / SYMBOLS))


if __name__ == "__main__":
    main()
