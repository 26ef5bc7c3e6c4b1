import random

import torch
import torch.nn as nn

PAD, BOS, EOS = 0, 1, 2
VOCAB = 14          # 3 specials + 11 symbols


def make_pair(rng):
    n = rng.randint(3, 7)
    src = [rng.randint(3, VOCAB - 1) for _ in range(n)]
    return src, [BOS] + src[::-1] + [EOS]


def collate(pairs):
    s_len = max(len(s) for s, _ in pairs)
    t_len = max(len(t) for _, t in pairs)
    src = torch.tensor([[PAD] * (s_len - len(s)) + s for s, _ in pairs])     # left padded: last state is a real token
    tgt = torch.tensor([t + [PAD] * (t_len - len(t)) for _, t in pairs])
    return src, tgt


class Encoder(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.rnn = nn.GRU(dim, dim, batch_first=True)

    def forward(self, src):
        return self.rnn(self.emb(src))[1]


class Decoder(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, VOCAB)

    def forward(self, tokens, hidden):
        y, hidden = self.rnn(self.emb(tokens), hidden)
        return self.out(y), hidden


class Seq2Seq(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.encoder, self.decoder = Encoder(dim), Decoder(dim)

    def forward(self, src, tgt):
        logits, _ = self.decoder(tgt[:, :-1], self.encoder(src))
        return logits

    @torch.no_grad()
    def translate(self, src, max_len=10):
        hidden = self.encoder(src)
        tok = torch.full((len(src), 1), BOS)
        outs = []
        for _ in range(max_len):
            logits, hidden = self.decoder(tok, hidden)
            tok = logits.argmax(-1)
            outs.append(tok)
        return torch.cat(outs, 1)


rng = random.Random(7)
torch.manual_seed(7)
train = [make_pair(rng) for _ in range(1200)]
model = Seq2Seq()
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
criterion = nn.CrossEntropyLoss(ignore_index=PAD)

for epoch in range(4):
    rng.shuffle(train)
    running, batches = 0.0, 0
    for i in range(0, len(train), 40):
        src, tgt = collate(train[i:i + 40])
        opt.zero_grad()
        logits = model(src, tgt)
        gold = tgt[:, 1:]
        loss = criterion(logits.reshape(-1, VOCAB), gold.reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        running += loss.item()
        batches += 1
    print(f"epoch {epoch} loss {running / batches:.3f}")
src, _ = collate(train[:2])
print(src.tolist(), model.translate(src).tolist())
