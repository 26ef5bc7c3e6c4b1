"""Gradient accumulation over sentences of different length: every window is averaged over its own tokens."""
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(71)
VOCAB, PAD, IGNORE = 12, 0, -100
successor = torch.randperm(VOCAB - 1) + 1


def sentence():
    length = int(torch.randint(4, 15, (1,)))
    tok = [int(torch.randint(1, VOCAB, (1,)))]
    while len(tok) < length + 1:
        if torch.rand(1) < 0.8:
            tok.append(int(successor[tok[-1] - 1]))
        else:
            tok.append(int(torch.randint(1, VOCAB, (1,))))
    return torch.tensor(tok)


def collate(batch):
    x = pad_sequence([s[:-1] for s in batch], batch_first=True, padding_value=PAD)
    y = pad_sequence([s[1:] for s in batch], batch_first=True, padding_value=IGNORE)
    return x, y


class NextToken(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, 16, padding_idx=PAD)
        self.gru = nn.GRU(16, 32, batch_first=True)
        self.out = nn.Linear(32, VOCAB)

    def forward(self, x):
        return self.out(self.gru(self.emb(x))[0])


def token_loss(logits, y):
    return nn.functional.cross_entropy(logits.transpose(1, 2), y, ignore_index=IGNORE, reduction="sum")


train, valid = [sentence() for _ in range(330)], [sentence() for _ in range(80)]
loader = DataLoader(train, batch_size=10, shuffle=True, collate_fn=collate)   # 33 batches
valid_loader = DataLoader(valid, batch_size=40, collate_fn=collate)

model = NextToken()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
WINDOW = 4

for epoch in range(6):
    model.train()
    tokens, updates = 0, 0
    opt.zero_grad()
    for i, (x, y) in enumerate(loader, start=1):
        token_loss(model(x), y).backward()
        tokens += (y != IGNORE).sum().item()
        if i % WINDOW == 0 or i == len(loader):
            for p in model.parameters():
                p.grad.div_(tokens)
            opt.step()
            opt.zero_grad()
            tokens, updates = 0, updates + 1

    model.eval()
    loss, count = 0.0, 0
    with torch.no_grad():
        for x, y in valid_loader:
            loss += token_loss(model(x), y).item()
            count += (y != IGNORE).sum().item()
    print(f"epoch {epoch + 1}: {updates} updates, valid nll per token {loss / count:.3f}")
