import torch
import torch.nn as nn
import torch.nn.functional as F

PAD, VOCAB, MAX_LEN = 0, 24, 14


def make_batch(n):
    """label = 1 if the special tokens 3 and 7 both occur"""
    tokens = torch.full((n, MAX_LEN), PAD)
    labels = torch.zeros(n, dtype=torch.long)
    for i in range(n):
        length = int(torch.randint(5, MAX_LEN - 1, (1,)))
        seq = torch.randint(8, VOCAB, (length,))
        a, b = torch.rand(2) < 0.7
        pos = torch.randperm(length)
        if a:
            seq[pos[0]] = 3
        if b:
            seq[pos[1]] = 7
        tokens[i, :length] = seq
        labels[i] = int(a and b)
    return tokens, labels


class AttnClassifier(nn.Module):
    def __init__(self, d=32, heads=4):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, d, padding_idx=PAD)
        self.query = nn.Parameter(torch.randn(1, 2, d) * 0.1)
        self.attn = nn.MultiheadAttention(d, heads, batch_first=True)
        self.out = nn.Sequential(nn.Linear(2 * d, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, tokens):
        x = self.emb(tokens)
        q = self.query.expand(len(tokens), -1, -1)
        mask = tokens != PAD
        pooled, _ = self.attn(q, x, x, key_padding_mask=mask, need_weights=False)
        return self.out(pooled.flatten(1))


torch.manual_seed(12)
train_x, train_y = make_batch(800)
val_x, val_y = make_batch(200)
model = AttnClassifier()
optim = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(12):
    model.train()
    for idx in torch.randperm(800).split(40):
        optim.zero_grad()
        F.cross_entropy(model(train_x[idx]), train_y[idx]).backward()
        optim.step()
    model.eval()
    with torch.no_grad():
        logits = model(val_x)
    print(f"epoch {epoch} val_loss {F.cross_entropy(logits, val_y):.4f} "
          f"acc {(logits.argmax(1) == val_y).float().mean():.3f}")
