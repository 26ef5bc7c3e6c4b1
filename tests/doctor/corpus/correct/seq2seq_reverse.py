"""Sequence to sequence with attention: learn to reverse a sequence. Two optimizers, teacher forcing."""
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim

SOS, EOS, V, LEN = 0, 1, 12, 6
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class EncoderRNN(nn.Module):
    def __init__(self, vocab, hidden, dropout_p=0.1):
        super().__init__()
        self.embedding = nn.Embedding(vocab, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout_p)

    def forward(self, input):
        return self.gru(self.dropout(self.embedding(input)))


class BahdanauAttention(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.Wa = nn.Linear(hidden, hidden)
        self.Ua = nn.Linear(hidden, hidden)
        self.Va = nn.Linear(hidden, 1)

    def forward(self, query, keys):
        scores = self.Va(torch.tanh(self.Wa(query) + self.Ua(keys)))
        weights = F.softmax(scores.squeeze(2).unsqueeze(1), dim=-1)
        return torch.bmm(weights, keys), weights


class AttnDecoderRNN(nn.Module):
    def __init__(self, hidden, vocab, dropout_p=0.1):
        super().__init__()
        self.embedding = nn.Embedding(vocab, hidden)
        self.attention = BahdanauAttention(hidden)
        self.gru = nn.GRU(2 * hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, vocab)
        self.dropout = nn.Dropout(dropout_p)

    def forward(self, encoder_outputs, encoder_hidden, steps, target=None):
        bsz = encoder_outputs.size(0)
        inp = torch.full((bsz, 1), SOS, dtype=torch.long, device=device)
        hidden, outputs, attns = encoder_hidden, [], []
        for i in range(steps):
            emb = self.dropout(self.embedding(inp))
            context, w = self.attention(hidden.permute(1, 0, 2), encoder_outputs)
            o, hidden = self.gru(torch.cat((emb, context), dim=2), hidden)
            o = self.out(o)
            outputs.append(o)
            attns.append(w)
            if target is not None:
                inp = target[:, i].unsqueeze(1)          # teacher forcing
            else:
                _, topi = o.topk(1)
                inp = topi.squeeze(-1).detach()          # its own prediction
        logits = torch.cat(outputs, dim=1)
        return F.log_softmax(logits, dim=-1), torch.cat(attns, dim=1)


def make_pairs(n, gen):
    src = torch.randint(2, V, (n, LEN), generator=gen)
    src = torch.unique(src, dim=0)
    src = src[torch.randperm(len(src), generator=gen)]
    tgt = torch.cat([src.flip(1), torch.full((len(src), 1), EOS)], 1)
    return src.to(device), tgt.to(device)


def train_epoch(src, tgt, encoder, decoder, enc_opt, dec_opt, criterion, tf_ratio):
    encoder.train()
    decoder.train()
    total, batches = 0.0, torch.randperm(len(src)).split(64)
    for idx in batches:
        enc_opt.zero_grad()
        dec_opt.zero_grad()
        enc_out, enc_h = encoder(src[idx])
        forced = tgt[idx] if random.random() < tf_ratio else None
        logp, _ = decoder(enc_out, enc_h, tgt.size(1), forced)
        loss = criterion(logp.view(-1, logp.size(-1)), tgt[idx].view(-1))
        loss.backward()
        enc_opt.step()
        dec_opt.step()
        total += loss.item() * len(idx)
    return total / len(src)


def evaluate(src, tgt, encoder, decoder):
    encoder.eval()
    decoder.eval()
    with torch.no_grad():
        enc_out, enc_h = encoder(src)
        logp, _ = decoder(enc_out, enc_h, tgt.size(1))
        pred = logp.argmax(-1)
    return (pred == tgt).float().mean().item(), (pred == tgt).all(1).float().mean().item()


if __name__ == "__main__":
    random.seed(3)
    torch.manual_seed(3)
    src, tgt = make_pairs(1200, torch.Generator().manual_seed(3))
    n = len(src) - 200
    enc, dec = EncoderRNN(V, 48).to(device), AttnDecoderRNN(48, V).to(device)
    enc_opt, dec_opt = optim.Adam(enc.parameters(), lr=5e-3), optim.Adam(dec.parameters(), lr=5e-3)
    crit = nn.NLLLoss()
    for epoch in range(1, 9):
        loss = train_epoch(src[:n], tgt[:n], enc, dec, enc_opt, dec_opt, crit, tf_ratio=0.7)
        tok, seq = evaluate(src[n:], tgt[n:], enc, dec)
        print(f"{epoch}: loss {loss:.3f}  token acc {tok:.3f}  sequence acc {seq:.3f}")
