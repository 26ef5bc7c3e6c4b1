import torch
import torch.nn as nn
import torch.nn.functional as F

MASK, VOCAB, LEN = 10, 11, 12


class MaskingCollator:
    """Hides 20 % of the tokens; labels are -100 wherever nothing is hidden."""

    def __init__(self, prob=0.2, seed=0):
        self.prob = prob
        self.g = torch.Generator().manual_seed(seed)

    def __call__(self, ids):
        labels = ids.clone()
        hide = torch.rand(ids.shape, generator=self.g) < self.prob
        hide[:, 0] |= ~hide.any(1)
        ids[hide] = MASK
        labels = labels.masked_fill(~hide, -100)
        return ids, labels


class Encoder(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, d)
        self.pos = nn.Embedding(LEN, d)
        layer = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(d)
        self.bias = nn.Parameter(torch.zeros(VOCAB))

    def forward(self, ids):
        h = self.body(self.tok(ids) + self.pos.weight)
        return self.norm(h) @ self.tok.weight.t() + self.bias


def arithmetic_sequences(n):
    start = torch.randint(0, 10, (n, 1))
    step = torch.randint(1, 4, (n, 1))
    return (start + step * torch.arange(LEN)) % 10


def main():
    torch.manual_seed(15)
    model = Encoder()
    opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
    collate = MaskingCollator()
    corpus = arithmetic_sequences(1600)
    for epoch in range(8):
        model.train()
        for i in torch.randperm(len(corpus)).split(64):
            ids, labels = collate(corpus[i])
            loss = F.cross_entropy(model(ids).flatten(0, 1), labels.flatten(), ignore_index=-100)
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(epoch, f"loss {loss.item():.3f}")
    model.eval()
    test = arithmetic_sequences(300)
    probe = test.clone()
    probe[:, 6] = MASK
    with torch.no_grad():
        filled = model(probe)[:, 6].argmax(-1)
    print(f"filled correctly {(filled == test[:, 6]).float().mean().item():.3f}")


main()
