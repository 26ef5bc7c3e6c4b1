"""Sort short digit strings with an encoder-decoder GRU."""
import random
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

PAD, BOS, EOS, V = 0, 1, 2, 9      # digits are 3..8
MAXLEN = 8
random.seed(12)
torch.manual_seed(12)


def batch(n):
    src = [[random.randint(3, V - 1) for _ in range(random.randint(2, 6))] for _ in range(n)]
    lens = torch.tensor([len(s) for s in src])
    tgt = [torch.tensor([BOS] + sorted(s) + [EOS]) for s in src]
    src = pad_sequence([torch.tensor(s) for s in src], batch_first=True, padding_value=PAD)
    return src, lens, pad_sequence(tgt, batch_first=True, padding_value=PAD)


class Seq2Seq(nn.Module):
    def __init__(self, d=48):
        super().__init__()
        self.emb = nn.Embedding(V, d, padding_idx=PAD)
        self.enc = nn.GRU(d, d, batch_first=True)
        self.dec = nn.GRU(d, d, batch_first=True)
        self.out = nn.Linear(d, V)

    def encode(self, src, lens):
        packed = pack_padded_sequence(self.emb(src), lens, batch_first=True, enforce_sorted=False)
        return self.enc(packed)[1]

    def forward(self, src, lens, dec_in):
        h, _ = self.dec(self.emb(dec_in), self.encode(src, lens))
        return self.out(h)

    @torch.no_grad()
    def greedy(self, src, lens):
        state = self.encode(src, lens)
        tok = torch.full((src.size(0), 1), BOS)
        toks = []
        for _ in range(MAXLEN):
            h, state = self.dec(self.emb(tok), state)
            tok = self.out(h).argmax(-1)
            toks.append(tok)
        return torch.cat(toks, 1)


def token_accuracy(model, n=300):
    model.eval()
    src, lens, tgt = batch(n)
    with torch.no_grad():
        pred = model(src, lens, tgt[:, :-1]).argmax(-1)
    gold = tgt[:, 1:]
    real = gold != PAD
    return (pred[:, :gold.size(1)] == gold)[real].float().mean().item()


model = Seq2Seq()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
crit = nn.CrossEntropyLoss(ignore_index=PAD)
for it in range(150):
    model.train()
    src, lens, tgt = batch(48)
    logits = model(src, lens, tgt[:, :-1])
    loss = crit(logits.transpose(1, 2), tgt[:, 1:])
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
print("loss", round(loss.item(), 3), "token accuracy", token_accuracy(model))
