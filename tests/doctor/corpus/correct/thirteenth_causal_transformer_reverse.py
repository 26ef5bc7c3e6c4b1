"""Decoder-only transformer: given a string and a separator, write it backwards."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(50)
LETTERS, LEN = 10, 6
SEP = LETTERS
VOCAB = LETTERS + 1


def batch(n, gen):
    s = torch.randint(0, LETTERS, (n, LEN), generator=gen)
    return torch.cat([s, torch.full((n, 1), SEP), s.flip(1)], dim=1)


class TinyGPT(nn.Module):
    def __init__(self, dim=32, heads=4, layers=2, max_len=2 * LEN + 1):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, dim)
        self.pos = nn.Embedding(max_len, dim)
        layer = nn.TransformerEncoderLayer(dim, heads, 2 * dim, dropout=0.0, batch_first=True)
        self.blocks = nn.TransformerEncoder(layer, layers)
        self.head = nn.Linear(dim, VOCAB)

    def forward(self, ids):
        t = ids.size(1)
        mask = torch.triu(torch.ones(t, t, dtype=torch.bool), diagonal=1)
        h = self.tok(ids) + self.pos(torch.arange(t))
        return self.head(self.blocks(h, mask=mask))


@torch.no_grad()
def generate(model, prompt, steps):
    model.eval()
    ids = prompt
    for _ in range(steps):
        nxt = model(ids)[:, -1].argmax(dim=-1, keepdim=True)
        ids = torch.cat([ids, nxt], dim=1)
    return ids[:, prompt.size(1) :]


train_gen = torch.Generator().manual_seed(1)
test_seqs = batch(100, torch.Generator().manual_seed(2))
model = TinyGPT()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
warmup = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1.0, (s + 1) / 30))

model.train()
for step in range(1, 121):
    ids = batch(48, train_gen)
    logits = model(ids[:, :-1])
    # only the reversed half is predictable
    loss = F.cross_entropy(logits[:, LEN:].flatten(0, 1), ids[:, LEN + 1 :].flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    warmup.step()
    if step % 40 == 0:
        print(f"step {step}: loss {loss.item():.4f}")

answer = generate(model, test_seqs[:, : LEN + 1], LEN)
print(f"exact match {(answer == test_seqs[:, LEN + 1 :]).all(dim=1).float().mean().item():.2f}")
