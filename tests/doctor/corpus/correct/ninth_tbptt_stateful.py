"""Truncated BPTT with a carried hidden state: contiguous streams in order (no shuffling), state detached between chunks."""
import torch
import torch.nn as nn

BATCH, CHUNK, HIDDEN = 8, 20, 32


def parity_stream(n, gen):
    """Symbols 0/1 plus a reset symbol 2; the target is the parity since the last reset, so memory matters."""
    x = torch.randint(0, 2, (n,), generator=gen)
    x[torch.rand(n, generator=gen) < 0.08] = 2
    y, state = [], 0
    for s in x.tolist():
        state = 0 if s == 2 else state ^ s
        y.append(state)
    return x, torch.tensor(y)


def batchify(x, batch):
    n = len(x) // batch
    return x[:n * batch].view(batch, n).t().contiguous()  # (time, batch): each column one contiguous stream


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(3, 8)
        self.rnn = nn.GRU(8, HIDDEN)
        self.out = nn.Linear(HIDDEN, 2)

    def initial(self, batch):
        return self.out.weight.new_zeros(1, batch, HIDDEN)

    def forward(self, x, h):
        o, h = self.rnn(self.emb(x), h)
        return self.out(o), h


def chunks(x, y):
    for i in range(0, len(x), CHUNK):
        yield x[i:i + CHUNK], y[i:i + CHUNK]


def train_epoch(model, x, y, opt, crit):
    model.train()
    h = model.initial(x.size(1))
    total = 0.0
    for xb, yb in chunks(x, y):
        h = h.detach()
        logits, h = model(xb, h)
        loss = crit(logits.flatten(0, 1), yb.flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        opt.step()
        total += loss.item() * yb.numel()
    return total / y.numel()


def evaluate(model, x, y):
    model.eval()
    h, ok = model.initial(x.size(1)), 0
    with torch.no_grad():
        for xb, yb in chunks(x, y):
            logits, h = model(xb, h)
            ok += (logits.argmax(-1) == yb).sum().item()
    return ok / y.numel()


def main():
    torch.manual_seed(33)
    gen = torch.Generator().manual_seed(33)
    x, y = parity_stream(14000, gen)
    tr, va = slice(0, 12000), slice(12000, None)
    xt, yt = batchify(x[tr], BATCH), batchify(y[tr], BATCH)
    xv, yv = batchify(x[va], BATCH), batchify(y[va], BATCH)
    model = Model()
    crit = nn.CrossEntropyLoss()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    best, lr = 0.0, 1e-2
    for epoch in range(8):
        loss = train_epoch(model, xt, yt, opt, crit)
        acc = evaluate(model, xv, yv)
        if acc <= best:  # anneal by hand when validation stops improving, as the classic word LM example does
            lr /= 4
            for g in opt.param_groups:
                g["lr"] = lr
        best = max(best, acc)
        print(f"epoch {epoch} loss {loss:.3f} val acc {acc:.3f} lr {lr:.5f}")
        if lr < 1e-4:
            break


if __name__ == "__main__":
    main()
