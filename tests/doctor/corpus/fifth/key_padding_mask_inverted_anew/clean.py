import random

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

PAD, CLS = 0, 1


def sample(rng):
    ids = [CLS] + [rng.randint(2, 25) for _ in range(rng.randint(4, 14))]
    return torch.tensor(ids), int(sum(i % 2 for i in ids[1:]) * 2 > len(ids) - 1)


def collate(items):
    seqs, labels = zip(*items)
    ids = pad_sequence(seqs, batch_first=True, padding_value=PAD)
    ids = nn.functional.pad(ids, (0, 16 - ids.size(1)), value=PAD)
    return ids, ids.eq(PAD), torch.tensor(labels)


class Encoder(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.emb = nn.Embedding(26, d, padding_idx=PAD)
        self.pos = nn.Embedding(16, d)
        layer = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.1, batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(d)
        self.fc = nn.Linear(d, 2)

    def forward(self, ids, pad):
        h = self.emb(ids) + self.pos.weight[: ids.size(1)]
        h = self.enc(h, src_key_padding_mask=pad)
        return self.fc(self.norm(h[:, 0]))


def main():
    torch.manual_seed(0)
    rng = random.Random(0)
    train = DataLoader([sample(rng) for _ in range(1200)], batch_size=40, shuffle=True, collate_fn=collate)
    test = DataLoader([sample(rng) for _ in range(300)], batch_size=100, collate_fn=collate)
    model = Encoder()
    opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
    crit = nn.CrossEntropyLoss()
    for epoch in range(5):
        model.train()
        for ids, pad, y in train:
            loss = crit(model(ids, pad), y)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
        model.eval()
        with torch.no_grad():
            ok = sum((model(ids, pad).argmax(1) == y).sum().item() for ids, pad, y in test)
        print("epoch", epoch, "accuracy", round(ok / len(test.dataset), 3))


main()
