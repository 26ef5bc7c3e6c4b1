# -*- coding: utf-8 -*-
# Homework 4 (solution): sequence to sequence with attention, task: reverse the digits
import random

import torch
import torch.nn as nn
import torch.optim as optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

SEED = 1234
random.seed(SEED)
torch.manual_seed(SEED)

PAD_IDX, SOS_IDX, EOS_IDX, OFFSET = 0, 1, 2, 3
N_TOKENS = OFFSET + 8


def make_pair():
    body = [random.randrange(8) + OFFSET for _ in range(random.randint(3, 6))]
    return tuple(body)


seqs = set()
while len(seqs) < 1000:
    seqs.add(make_pair())
seqs = sorted(seqs)               # a set has no order of its own
random.shuffle(seqs)
train_seqs, valid_seqs = seqs[:880], seqs[880:]


def to_batch(chunk):
    chunk = sorted(chunk, key=len, reverse=True)       # pack_padded_sequence wants this
    src = pad_sequence([torch.tensor(s) for s in chunk], padding_value=PAD_IDX)
    trg = pad_sequence([torch.tensor([SOS_IDX, *reversed(s), EOS_IDX]) for s in chunk], padding_value=PAD_IDX)
    return src, torch.tensor([len(s) for s in chunk]), trg


class Encoder(nn.Module):
    def __init__(self, vocab, emb, hid):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb, padding_idx=PAD_IDX)
        self.rnn = nn.GRU(emb, hid, bidirectional=True)
        self.fc = nn.Linear(hid * 2, hid)

    def forward(self, src, src_len):
        packed = pack_padded_sequence(self.embedding(src), src_len)
        outputs, hidden = self.rnn(packed)
        outputs, _ = pad_packed_sequence(outputs)
        # hidden[-2] is the forward direction, hidden[-1] the backward one
        return outputs, torch.tanh(self.fc(torch.cat((hidden[-2], hidden[-1]), dim=1)))


class Decoder(nn.Module):
    def __init__(self, vocab, emb, hid):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb)
        self.attn = nn.Linear(hid * 3, hid)
        self.v = nn.Linear(hid, 1, bias=False)
        self.rnn = nn.GRU(emb + hid * 2, hid)
        self.out = nn.Linear(hid * 3 + emb, vocab)

    def forward(self, token, hidden, enc, mask):
        S = enc.size(0)
        emb = self.embedding(token.unsqueeze(0))
        energy = torch.tanh(self.attn(torch.cat((hidden.unsqueeze(0).expand(S, -1, -1), enc), dim=2)))
        score = self.v(energy).squeeze(2).masked_fill(~mask, -1e10)      # [S, B]
        a = torch.softmax(score, dim=0)                                    # over source positions
        context = (a.unsqueeze(2) * enc).sum(0, keepdim=True)
        output, h = self.rnn(torch.cat((emb, context), dim=2), hidden.unsqueeze(0))
        return self.out(torch.cat((output, context, emb), dim=2).squeeze(0)), h.squeeze(0)


class Seq2Seq(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, src, src_len, trg, teacher_forcing_ratio=0.5):
        enc, hidden = self.encoder(src, src_len)
        mask = src != PAD_IDX
        token, steps = trg[0], []
        for t in range(1, trg.size(0)):
            logits, hidden = self.decoder(token, hidden, enc, mask)
            steps.append(logits)
            token = trg[t] if random.random() < teacher_forcing_ratio else logits.argmax(1)
        return torch.stack(steps)                                         # predictions for trg[1:]


model = Seq2Seq(Encoder(N_TOKENS, 24, 40), Decoder(N_TOKENS, 24, 40))


def init_weights(m):
    for name, p in m.named_parameters(recurse=False):
        if "weight" in name and not isinstance(m, nn.Embedding):
            nn.init.normal_(p.data, mean=0, std=0.1)
        elif "bias" in name:
            nn.init.constant_(p.data, 0)


model.apply(init_weights)
optimizer = optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss(ignore_index=PAD_IDX)


def train_epoch(clip=1.0, bs=40):
    model.train()
    random.shuffle(train_seqs)
    for i in range(0, len(train_seqs), bs):
        src, n, trg = to_batch(train_seqs[i:i + bs])
        optimizer.zero_grad()
        output = model(src, n, trg)
        loss = criterion(output.flatten(0, 1), trg[1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()


def evaluate(bs=60):
    model.eval()
    total = tokens = exact = 0
    with torch.no_grad():
        for i in range(0, len(valid_seqs), bs):
            src, n, trg = to_batch(valid_seqs[i:i + bs])
            output = model(src, n, trg, 0)                # no teacher forcing here
            gold = trg[1:]
            keep = gold != PAD_IDX
            total += criterion(output.flatten(0, 1), gold.flatten()).item() * keep.sum().item()
            tokens += keep.sum().item()
            exact += ((output.argmax(2) == gold) | ~keep).all(0).sum().item()
    return total / tokens, exact / len(valid_seqs)


for epoch in range(4):
    train_epoch()
    loss, acc = evaluate()
    print(f"Epoch {epoch + 1:02} | valid loss {loss:.3f} | exact {acc:.3f}")
