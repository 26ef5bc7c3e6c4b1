import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence

PAD, VOCAB, MAXLEN = 0, 40, 24
torch.manual_seed(8)


def make_split(n):
    seqs, labels = [], []
    for _ in range(n):
        L = int(torch.randint(4, MAXLEN + 1, (1,)))
        s = torch.randint(1, VOCAB, (L,))
        seqs.append(s)
        labels.append(int((s < 14).float().mean() > 1 / 3))
    return seqs, torch.tensor(labels)


def collate(seqs, labels, idx):
    return pad_sequence([seqs[i] for i in idx], batch_first=True, padding_value=PAD), labels[idx]


class TinyEncoder(nn.Module):
    def __init__(self, d=32, heads=4):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, d, padding_idx=PAD)
        self.pos = nn.Embedding(MAXLEN, d)
        self.attn = nn.MultiheadAttention(d, heads, batch_first=True)
        self.norm = nn.LayerNorm(d)
        self.out = nn.Linear(d, 2)

    def forward(self, ids):
        pad = ids == PAD
        h = self.tok(ids) + self.pos(torch.arange(ids.size(1)))
        a, _ = self.attn(h, h, h, key_padding_mask=pad, need_weights=False)
        h = self.norm(h + a)
        keep = (~pad).unsqueeze(-1).float()
        pooled = (h * keep).sum(1) / keep.sum(1)
        return self.out(pooled)


train, train_y = make_split(600)
dev, dev_y = make_split(200)
model = TinyEncoder()
optim = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(5):
    model.train()
    for idx in torch.randperm(600).split(50):
        ids, y = collate(train, train_y, idx)
        loss = F.cross_entropy(model(ids), y)
        optim.zero_grad()
        loss.backward()
        optim.step()
    model.eval()
    right = 0
    with torch.no_grad():
        for idx in torch.arange(200).split(50):
            ids, y = collate(dev, dev_y, idx)
            right += (model(ids).argmax(1) == y).sum().item()
    print(f"epoch {epoch} loss {loss.item():.3f} dev acc {right / 200:.3f}")
