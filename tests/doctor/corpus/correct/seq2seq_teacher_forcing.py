import random
import torch
import torch.nn as nn

PAD, BOS, EOS = 0, 1, 2
random.seed(45)
torch.manual_seed(45)


def batch(n=32, length=5):
    src = torch.randint(3, 12, (n, length))
    tgt = torch.cat([torch.full((n, 1), BOS), src.flip(1), torch.full((n, 1), EOS)], 1)
    return src, tgt


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(12, 24, padding_idx=PAD)
        self.rnn = nn.GRU(24, 48, batch_first=True)

    def forward(self, s):
        return self.rnn(self.emb(s))[1]


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(12, 24, padding_idx=PAD)
        self.rnn = nn.GRU(24, 48, batch_first=True)
        self.out = nn.Linear(48, 12)

    def forward(self, tok, h):
        o, h = self.rnn(self.emb(tok).unsqueeze(1), h)
        return self.out(o.squeeze(1)), h


enc, dec = Encoder(), Decoder()
params = list(enc.parameters()) + list(dec.parameters())
opt = torch.optim.Adam(params, lr=5e-3)
crit = nn.CrossEntropyLoss(ignore_index=PAD)
for it in range(60):
    enc.train(), dec.train()
    src, tgt = batch()
    h, tok, loss = enc(src), tgt[:, 0], 0.0
    for t in range(1, tgt.size(1)):
        logits, h = dec(tok, h)
        loss = loss + crit(logits, tgt[:, t])
        tok = tgt[:, t] if random.random() < 0.7 else logits.argmax(1)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(params, 1.0)
    opt.step()
print("loss per token", loss.item() / (tgt.size(1) - 1))
