import math
import torch
import torch.nn as nn


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=200):
        super().__init__()
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe[:x.size(1)].transpose(0, 1)


class OrderClassifier(nn.Module):
    """Does token A come before token B?"""

    def __init__(self, vocab, d_model=32):
        super().__init__()
        self.embed = nn.Embedding(vocab, d_model)
        self.pos = PositionalEncoding(d_model)
        self.encoder = nn.TransformerEncoderLayer(d_model, 4, 64, dropout=0.1, batch_first=True)
        self.fc = nn.Linear(d_model, 2)

    def forward(self, tokens):            # tokens: (B, T)
        h = self.pos(self.embed(tokens))  # (B, T, d_model)
        h = self.encoder(h)
        return self.fc(h.mean(dim=1))


def make_batch(n, T=15, vocab=20, A=1, B=2):
    tokens = torch.randint(3, vocab, (n, T))
    where = torch.rand(n, T).argsort(dim=1)[:, :2]
    tokens[torch.arange(n), where[:, 0]] = A
    tokens[torch.arange(n), where[:, 1]] = B
    return tokens, (where[:, 0] < where[:, 1]).long()


torch.manual_seed(12)
train_x, train_y = make_batch(1280)
val_x, val_y = make_batch(200)
model = OrderClassifier(vocab=20)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(1, 7):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(train_x)).split(64):
        optimizer.zero_grad()
        loss = criterion(model(train_x[idx]), train_y[idx])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item() * len(idx)
    model.eval()
    with torch.no_grad():
        acc = (model(val_x).argmax(1) == val_y).float().mean().item()
    print(f"| epoch {epoch} | train loss {total / len(train_x):.3f} | val acc {acc:.3f} |")
