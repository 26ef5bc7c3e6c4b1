import torch
import torch.nn as nn
import torch.nn.functional as F


class CharLM(nn.Module):
    def __init__(self, n, d=32):
        super().__init__()
        self.emb = nn.Embedding(n, d)
        self.gru = nn.GRU(d, d, batch_first=True)
        self.out = nn.Linear(d, n)

    def forward(self, x, h=None):
        y, h = self.gru(self.emb(x), h)
        return self.out(y), h


def corpus():
    words = ["alpha", "beta", "gamma", "delta", "omega"]
    g = torch.Generator().manual_seed(0)
    state, text = 0, []
    for _ in range(900):
        text.append(words[state])
        state = (state + (1 if torch.rand((), generator=g) < 0.8 else 2)) % len(words)
    return " ".join(text)


def encode(text):
    chars = sorted(set(text))
    table = {c: i for i, c in enumerate(chars)}
    return torch.tensor([table[c] for c in text]), len(chars)


def streams(ids, rows, width):
    # rows parallel streams; targets are shifted by one
    usable = (len(ids) - 1) // rows
    x = ids[:rows * usable].view(rows, usable)
    y = ids[1:rows * usable + 1].view(rows, usable)
    for k in range(0, usable - width + 1, width):
        yield x[:, k:k + width], y[:, k:k + width]


def train_epoch(model, ids, max_norm=1.0):
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.98, nesterov=True)
    h, total, count = None, 0.0, 0
    for x, y in streams(ids, rows=16, width=25):
        logits, h = model(x, h)
        h = h.detach()
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        total += loss.item() * y.numel()
        count += y.numel()
    return total / count


def bits_per_char(model, ids):
    model.eval()
    with torch.no_grad():
        logits, _ = model(ids[None, :-1])
        return F.cross_entropy(logits[0], ids[1:]).item() / 0.6931471805599453


def main(epochs=12):
    torch.manual_seed(0)
    ids, n = encode(corpus())
    cut = int(0.9 * len(ids))
    model = CharLM(n)
    for epoch in range(epochs):
        loss = train_epoch(model, ids[:cut])
        print(f"epoch {epoch + 1}: {loss:.4f} nats, held-out {bits_per_char(model, ids[cut:]):.3f} bits")


if __name__ == "__main__":
    main()
