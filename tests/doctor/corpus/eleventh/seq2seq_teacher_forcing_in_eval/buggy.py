import random

import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(3)
torch.manual_seed(3)
N_TOK, SEQ, BOS = 10, 6, 10


class Seq2Seq(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.hidden = hidden
        self.src_emb = nn.Embedding(N_TOK + 1, 24)
        self.trg_emb = nn.Embedding(N_TOK + 1, 24)
        self.encoder = nn.GRU(24, hidden, batch_first=True)
        self.cell = nn.GRUCell(24, hidden)
        self.out = nn.Linear(hidden, N_TOK)

    def forward(self, src, trg, teacher_forcing_ratio=0.5):
        _, h = self.encoder(self.src_emb(src))
        h = h[0]
        token = torch.full((src.size(0),), BOS)
        outputs = []
        for t in range(trg.size(1)):
            h = self.cell(self.trg_emb(token), h)
            logits = self.out(h)
            outputs.append(logits)
            use_true = random.random() < teacher_forcing_ratio
            token = trg[:, t] if use_true else logits.argmax(1)
        return torch.stack(outputs, dim=1)


def make_data(n):
    src = torch.randint(0, N_TOK, (n, SEQ))
    trg = src.cumsum(1) % N_TOK          # every step depends on the step before
    return src, trg


def train_epoch(model, optimizer, src, trg, bs=64):
    model.train()
    total, perm = 0.0, torch.randperm(len(src))
    for idx in perm.split(bs):
        optimizer.zero_grad()
        logits = model(src[idx], trg[idx])
        loss = F.cross_entropy(logits.reshape(-1, N_TOK), trg[idx].reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        total += loss.item() * len(idx)
    return total / len(src)


@torch.no_grad()
def evaluate(model, src, trg):
    model.eval()
    pred = model(src, trg).argmax(-1)
    token_acc = (pred == trg).float().mean().item()
    sent_acc = (pred == trg).all(1).float().mean().item()
    return token_acc, sent_acc


def main():
    train_src, train_trg = make_data(1500)
    test_src, test_trg = make_data(300)
    model = Seq2Seq()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for epoch in range(5):
        loss = train_epoch(model, optimizer, train_src, train_trg)
        tok, sent = evaluate(model, test_src, test_trg)
        print(f"epoch {epoch}: loss {loss:.3f} token acc {tok:.3f} sentence acc {sent:.3f}")


main()
