import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

torch.manual_seed(17)

D, SEQ, VOCAB, EPOCHS, BS = 32, 8, 12, 8, 32


class TinyTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, D)
        self.pos = nn.Parameter(0.5 * torch.randn(SEQ, D))
        self.block = nn.TransformerEncoderLayer(D, 4, 64, dropout=0.0, batch_first=True)
        self.head = nn.Linear(D, VOCAB)

    def forward(self, ids):
        return self.head(self.block(self.tok(ids) + self.pos))


def make_data(n):
    ids = torch.randint(0, VOCAB, (n, SEQ))
    return ids, ids.flip(1)  # task: reverse the sequence


def warmup_cosine(optimizer, warmup, total):
    def factor(t):
        if t < warmup:
            return (t + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * (t - warmup) / (total - warmup)))

    return LambdaLR(optimizer, factor)


x_train, y_train = make_data(1280)
x_val, y_val = make_data(200)
model = TinyTransformer()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.01)
steps_per_epoch = math.ceil(len(x_train) / BS)
total_steps = EPOCHS * steps_per_epoch
scheduler = warmup_cosine(optimizer, warmup=total_steps // 10, total=total_steps)

for epoch in range(EPOCHS):
    model.train()
    for idx in torch.randperm(len(x_train)).split(BS):
        loss = F.cross_entropy(model(x_train[idx]).flatten(0, 1), y_train[idx].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    model.eval()
    with torch.no_grad():
        acc = (model(x_val).argmax(-1) == y_val).float().mean().item()
    print(f"epoch {epoch}  lr {scheduler.get_last_lr()[0]:.2e}  token acc {acc:.3f}")
