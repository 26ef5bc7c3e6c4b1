import torch
from torch import nn

PAD, VOCAB, MAX_LEN = 0, 20, 14


def make_batch(n, gen):
    """Label 1 when the first token turns up again later in the sequence."""
    lengths = torch.randint(6, MAX_LEN, (n,), generator=gen)
    tokens = torch.randint(2, VOCAB, (n, MAX_LEN), generator=gen)
    first = tokens[:, :1]
    rest = tokens[:, 1:]
    rest[rest == first] = 1
    label = torch.randint(0, 2, (n,), generator=gen)
    where = 1 + (torch.rand(n, generator=gen) * (lengths - 1)).long()
    rows = torch.arange(n)[label == 1]
    tokens[rows, where[rows]] = first[rows, 0]
    keep = torch.arange(MAX_LEN) < lengths[:, None]
    return tokens.masked_fill(~keep, PAD), label.float()


class RepeatDetector(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.norm = nn.LayerNorm(2 * dim)
        self.head = nn.Sequential(nn.Linear(2 * dim, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, tokens):
        mask = tokens == PAD
        x = self.embed(tokens)
        query = x[:, :1]
        found, _ = self.attn(query, x[:, 1:], x[:, 1:], key_padding_mask=mask[:, 1:], need_weights=False)
        both = torch.cat([query, found], dim=-1).squeeze(1)
        return self.head(self.norm(both)).squeeze(-1)


def main():
    torch.manual_seed(3)
    gen = torch.Generator().manual_seed(3)
    train_x, train_y = make_batch(3000, gen)
    val_x, val_y = make_batch(600, gen)
    model = RepeatDetector()
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(12):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(train_x)).split(100):
            opt.zero_grad()
            loss = bce(model(train_x[idx]), train_y[idx])
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        model.eval()
        with torch.no_grad():
            acc = ((model(val_x) > 0).float() == val_y).float().mean().item()
        if epoch % 3 == 2:
            print(f"epoch {epoch + 1:2d} loss {total / len(train_x):.4f} val acc {acc:.3f}")


if __name__ == "__main__":
    main()
