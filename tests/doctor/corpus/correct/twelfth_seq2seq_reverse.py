"""GRU encoder-decoder with dot attention that learns to reverse digit strings."""
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

PAD, BOS, EOS, FIRST = 0, 1, 2, 3
N_SYMBOLS = FIRST + 6


def batch_of(n):
    length = random.randint(3, 6)
    src = torch.randint(FIRST, N_SYMBOLS, (n, length))
    tgt = torch.cat([src.flip(1), torch.full((n, 1), EOS)], dim=1)
    return src, tgt


class Seq2Seq(nn.Module):
    def __init__(self, dim=40):
        super().__init__()
        self.embed = nn.Embedding(N_SYMBOLS, dim, padding_idx=PAD)
        self.encoder = nn.GRU(dim, dim, batch_first=True)
        self.decoder = nn.GRU(dim, dim, batch_first=True)
        self.combine = nn.Linear(2 * dim, dim)
        self.out = nn.Linear(dim, N_SYMBOLS)

    def decode(self, tokens, hidden, memory):
        h, hidden = self.decoder(self.embed(tokens), hidden)
        attn = F.softmax(h @ memory.transpose(1, 2) / memory.size(-1) ** 0.5, dim=-1)
        h = torch.tanh(self.combine(torch.cat([h, attn @ memory], dim=-1)))
        return self.out(h), hidden

    def forward(self, src, tgt):
        memory, hidden = self.encoder(self.embed(src))
        bos = torch.full((src.size(0), 1), BOS)
        logits, _ = self.decode(torch.cat([bos, tgt[:, :-1]], dim=1), hidden, memory)
        return logits

    @torch.no_grad()
    def greedy(self, src, steps):
        memory, hidden = self.encoder(self.embed(src))
        token, result = torch.full((src.size(0), 1), BOS), []
        for _ in range(steps):
            logits, hidden = self.decode(token, hidden, memory)
            token = logits.argmax(-1)
            result.append(token)
        return torch.cat(result, dim=1)


def exact_match(model, batches=5):
    model.eval()
    right = total = 0
    for _ in range(batches):
        src, tgt = batch_of(50)
        right += (model.greedy(src, tgt.size(1)) == tgt).all(1).sum().item()
        total += len(src)
    return right / total


def train(model, steps=350, log_every=70):
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1.0, end_factor=0.1, total_iters=steps)
    window = []
    for step in range(1, steps + 1):
        model.train()
        src, tgt = batch_of(64)
        loss = F.cross_entropy(model(src, tgt).flatten(0, 1), tgt.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        window.append(loss.item())
        if step % log_every == 0:
            print(f"step {step} loss {sum(window) / len(window):.3f} exact match {exact_match(model):.2f}")
            window.clear()


if __name__ == "__main__":
    random.seed(10)
    torch.manual_seed(10)
    train(Seq2Seq())
