# Seq2seq: reverse a digit string.  Written for torch 1.x.
import random

import torch
import torch.nn as nn
from torch import optim

random.seed(5)
torch.manual_seed(5)
SOS, N_SYM, LEN = 6, 7, 6


class EncoderRNN(nn.Module):
    def __init__(self, n_sym, hidden):
        super(EncoderRNN, self).__init__()
        self.embed = nn.Embedding(n_sym, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)

    def forward(self, src):
        _, h = self.gru(self.embed(src))
        return h


class DecoderRNN(nn.Module):
    def __init__(self, n_sym, hidden):
        super(DecoderRNN, self).__init__()
        self.embed = nn.Embedding(n_sym, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, n_sym)

    def forward(self, tok, h):
        o, h = self.gru(self.embed(tok), h)
        return self.out(o), h


def sample(n):
    src = torch.tensor([[random.randrange(6) for _ in range(LEN)] for _ in range(n)])
    tgt = src.flip(1)
    start = torch.full((n, 1), SOS, dtype=torch.long)
    return src, torch.cat([start, tgt[:, :-1]], 1), tgt


def greedy(encoder, decoder, src):
    h = encoder(src)
    tok = torch.full((src.size(0), 1), SOS, dtype=torch.long)
    words = []
    for _ in range(LEN):
        logits, h = decoder(tok, h)
        tok = logits.argmax(-1)
        words.append(tok)
    return torch.cat(words, 1)


encoder = EncoderRNN(N_SYM, 40)
decoder = DecoderRNN(N_SYM, 40)
parameters = list(encoder.parameters()) + list(decoder.parameters())
optimizer = optim.Adam(parameters, lr=5e-3)
criterion = nn.CrossEntropyLoss()

encoder.train()
decoder.train()
for it in range(1, 351):
    src, dec_in, tgt = sample(48)
    encoder.zero_grad()
    decoder.zero_grad()
    logits, _ = decoder(dec_in, encoder(src))
    loss = criterion(logits.reshape(-1, N_SYM), tgt.reshape(-1))
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, 5.0)
    optimizer.step()
    if it % 50 == 0:
        print("iter %d  loss %.4f" % (it, loss.item()))

encoder.eval()
decoder.eval()
with torch.no_grad():
    src, _, tgt = sample(300)
    same = (greedy(encoder, decoder, src) == tgt).all(1).float().mean().item()
print("exact sequences: %.3f" % same)
