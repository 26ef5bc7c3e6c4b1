# %% imports
import math
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(5)


# %% sinusoidal codes
class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.1, max_len=512):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, d_model)
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe.unsqueeze(0))

    def forward(self, x):
        return self.drop(x + self.pe[:, :x.size(1)])


# %% model
class EventModel(nn.Module):
    """In which quarter of the log does the alarm (token 0) stand?"""

    def __init__(self, vocab, d_model=32, n_classes=4):
        super().__init__()
        self.d_model = d_model
        self.embed = nn.Embedding(vocab, d_model)
        self.pos = PositionalEncoding(d_model)
        self.attn = nn.MultiheadAttention(d_model, 2, batch_first=True)
        self.norm1 = nn.LayerNorm(d_model)
        self.ff = nn.Sequential(nn.Linear(d_model, 64), nn.ReLU(), nn.Linear(64, d_model))
        self.norm2 = nn.LayerNorm(d_model)
        self.fc = nn.Linear(d_model, n_classes)

    def forward(self, tokens):
        h = self.pos(self.embed(tokens))
        a, _ = self.attn(h, h, h, need_weights=False)
        h = self.norm1(h + a)
        h = self.norm2(h + self.ff(h))
        return self.fc(h.mean(dim=1))


# %% data: twenty events, exactly one of them is the alarm
def make_logs(n, length=20, vocab=12):
    tokens = torch.randint(1, vocab, (n, length))
    where = torch.randint(0, length, (n,))
    tokens[torch.arange(n), where] = 0
    return TensorDataset(tokens, where // (length // 4))


train_loader = DataLoader(make_logs(1500), batch_size=50, shuffle=True)
test_loader = DataLoader(make_logs(500), batch_size=100)

# %% training
model = EventModel(vocab=12)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(5):
    model.train()
    running = 0.0
    for tokens, quarter in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(tokens), quarter)
        loss.backward()
        optimizer.step()
        running += loss.item() * tokens.size(0)

    model.eval()
    correct = 0
    with torch.no_grad():
        for tokens, quarter in test_loader:
            correct += (model(tokens).argmax(dim=1) == quarter).sum().item()
    print(f"epoch {epoch}  train loss {running / len(train_loader.dataset):.3f}  "
          f"test acc {correct / len(test_loader.dataset):.3f}")
