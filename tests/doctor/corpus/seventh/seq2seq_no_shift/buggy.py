import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

# 숫자열을 뒤집는 seq2seq (GRU)
PAD, BOS, EOS, OFFSET = 0, 1, 2, 3
VOCAB = OFFSET + 10


class ReverseDigits(Dataset):
    def __init__(self, n, seed):
        rng = random.Random(seed)
        self.rows = [[rng.randrange(10) for _ in range(rng.randint(3, 5))] for _ in range(n)]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        ids = [d + OFFSET for d in self.rows[i]]
        return torch.tensor(ids), torch.tensor([BOS] + ids[::-1] + [EOS])


def collate(batch):
    src, tgt = zip(*batch)
    lens = torch.tensor([len(s) for s in src])
    return (pad_sequence(src, batch_first=True, padding_value=PAD), lens,
            pad_sequence(tgt, batch_first=True, padding_value=PAD))


class Seq2Seq(nn.Module):
    def __init__(self, dim=96):
        super().__init__()
        self.src_emb = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.tgt_emb = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.enc = nn.GRU(dim, dim, batch_first=True)
        self.dec = nn.GRU(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, VOCAB)

    def encode(self, src, lens):
        packed = pack_padded_sequence(self.src_emb(src), lens, batch_first=True, enforce_sorted=False)
        return self.enc(packed)[1]

    def forward(self, src, lens, dec_in):
        h, _ = self.dec(self.tgt_emb(dec_in), self.encode(src, lens))
        return self.out(h)

    @torch.no_grad()
    def greedy(self, src, lens, steps=7):
        h = self.encode(src, lens)
        tok = torch.full((len(src), 1), BOS)
        res = []
        for _ in range(steps):
            o, h = self.dec(self.tgt_emb(tok), h)
            tok = self.out(o).argmax(-1)
            res.append(tok)
        return torch.cat(res, dim=1)


torch.manual_seed(21)
train_dl = DataLoader(ReverseDigits(2400, 1), batch_size=64, shuffle=True, collate_fn=collate)
test_dl = DataLoader(ReverseDigits(200, 2), batch_size=100, collate_fn=collate)
model = Seq2Seq()
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
crit = nn.CrossEntropyLoss(ignore_index=PAD)

for epoch in range(6):
    model.train()
    tot, n_tok = 0.0, 0
    for src, lens, tgt in train_dl:
        logits = model(src, lens, tgt[:, 1:])
        loss = crit(logits.flatten(0, 1), tgt[:, 1:].flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        k = (tgt[:, 1:] != PAD).sum().item()
        tot += loss.item() * k
        n_tok += k
    print(f"epoch {epoch} loss {tot / n_tok:.4f}")

# 전체 시퀀스가 맞아야 정답
model.eval()
right = total = 0
for src, lens, tgt in test_dl:
    pred = model.greedy(src, lens)
    for p, t in zip(pred.tolist(), tgt.tolist()):
        p = p[:p.index(EOS)] if EOS in p else p
        right += p == t[1:t.index(EOS)]
        total += 1
print("exact match", right / total)
