"""Accumulation over micro-batches of different token counts: one normaliser for the whole update."""
import torch
import torch.nn.functional as F
from torch import nn

PAD = -100


def micro_batches(gen, n):
    for _ in range(n):
        T = int(torch.randint(5, 20, (), generator=gen))
        start = torch.randint(0, 20, (8, 1), generator=gen)
        stride = torch.randint(1, 4, (8, 1), generator=gen)
        tokens = (start + stride * torch.arange(T + 1)) % 20
        x, y = tokens[:, :-1], tokens[:, 1:].clone()
        lengths = torch.randint(3, T + 1, (8,), generator=gen)
        y[torch.arange(T)[None, :] >= lengths[:, None]] = PAD
        yield x, y


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(20, 24)
        self.r = nn.GRU(24, 32, batch_first=True)
        self.o = nn.Linear(32, 20)

    def forward(self, x):
        return self.o(self.r(self.e(x))[0])


torch.manual_seed(0)
model = Tagger()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
gen = torch.Generator().manual_seed(1)
ACC = 4
for update in range(40):
    group = list(micro_batches(gen, ACC))
    total_tokens = sum((y != PAD).sum().item() for _, y in group)
    running = 0.0
    for x, y in group:
        logits = model(x)
        loss = F.cross_entropy(logits.transpose(1, 2), y, ignore_index=PAD, reduction="sum") / total_tokens
        loss.backward()
        running += loss.item()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    if update % 10 == 9:
        print(update, running)
