import torch
import torch.nn as nn

PAD, CLS, MASK, FIRST = 0, 1, 2, 3
VOCAB = 40


def corpus(n, length, g):
    """arithmetic progressions modulo the vocabulary, preceded by CLS"""
    start = torch.randint(VOCAB - FIRST, (n, 1), generator=g)
    stride = torch.randint(1, 4, (n, 1), generator=g)
    body = (start + stride * torch.arange(length)) % (VOCAB - FIRST) + FIRST
    return torch.cat([torch.full((n, 1), CLS), body], dim=1)


class MaskingCollator:
    def __init__(self, p=0.2, generator=None):
        self.p = p
        self.generator = generator

    def __call__(self, rows):
        input_ids = torch.stack(rows)
        labels = input_ids.clone()
        chosen = torch.rand(input_ids.shape, generator=self.generator) < self.p
        chosen &= input_ids >= FIRST
        input_ids[chosen] = MASK
        return input_ids, labels, chosen


class TinyBert(nn.Module):
    def __init__(self, dim=48, length=13):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.pos = nn.Embedding(length, dim)
        self.enc = nn.TransformerEncoderLayer(dim, 4, 96, dropout=0.0, batch_first=True, norm_first=True)
        self.norm = nn.LayerNorm(dim)
        self.decoder = nn.Linear(dim, VOCAB)

    def forward(self, ids):
        x = self.tok(ids) + self.pos(torch.arange(ids.size(1)))
        return self.decoder(self.norm(self.enc(x)))


def main():
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(1)
    train, test = corpus(2000, 12, g), corpus(300, 12, g)
    collate = MaskingCollator(generator=g)
    loader = torch.utils.data.DataLoader(list(train), batch_size=50, shuffle=True, collate_fn=collate)
    model = TinyBert()
    opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(5):
        model.train()
        for ids, labels, chosen in loader:
            opt.zero_grad()
            loss = loss_fn(model(ids)[chosen], labels[chosen])
            loss.backward()
            opt.step()
        print("epoch", epoch, "mlm loss", round(loss.item(), 4))
    model.eval()
    with torch.no_grad():
        probe = test.clone()
        probe[:, 6] = MASK
        guess = model(probe)[:, 6].argmax(-1)
    print("masked word guessed", (guess == test[:, 6]).float().mean().item())


main()
