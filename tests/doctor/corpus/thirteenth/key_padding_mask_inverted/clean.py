import torch
import torch.nn as nn

PAD, VOCAB, MAX_LEN = 0, 12, 12


class SentimentEncoder(nn.Module):
    def __init__(self, dim=32, heads=4, layers=2):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.pos = nn.Parameter(torch.randn(MAX_LEN, dim) * 0.02)
        block = nn.TransformerEncoderLayer(dim, heads, 64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(block, layers, enable_nested_tensor=False)
        self.cls = nn.Linear(dim, 2)

    def forward(self, tokens):
        valid = tokens != PAD
        h = self.tok(tokens) + self.pos
        h = self.encoder(h, src_key_padding_mask=~valid)
        w = valid.unsqueeze(-1).float()
        return self.cls((h * w).sum(1) / w.sum(1))


def make_corpus(n, gen):
    """Positive when the subject (1 or 2) and the adjective (3 or 4) belong together."""
    tokens = torch.randint(5, VOCAB, (n, MAX_LEN), generator=gen)
    lengths = torch.randint(5, MAX_LEN, (n,), generator=gen)
    subject = torch.randint(0, 2, (n,), generator=gen)
    adjective = torch.randint(0, 2, (n,), generator=gen)
    for i in range(n):
        at = torch.randperm(int(lengths[i]), generator=gen)
        tokens[i, at[0]] = 1 + subject[i]
        tokens[i, at[1]] = 3 + adjective[i]
        tokens[i, lengths[i]:] = PAD
    return tokens, (subject == adjective).long()


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    x_train, y_train = make_corpus(1280, gen)
    x_val, y_val = make_corpus(200, gen)
    model = SentimentEncoder()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for epoch in range(10):
        model.train()
        for idx in torch.randperm(len(x_train)).split(64):
            optimizer.zero_grad()
            loss = criterion(model(x_train[idx]), y_train[idx])
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            acc = (model(x_val).argmax(1) == y_val).float().mean().item()
        print(f"epoch {epoch}: loss {loss.item():.3f}, val acc {acc:.3f}")


if __name__ == "__main__":
    main()
