"""Masked-token pretraining of a small encoder, then classification with gradual unfreezing and layer-wise rates."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(93)

VOCAB, MASK, LEN = 10, 10, 12


def strings(n):
    """Arithmetic progressions modulo ten; the class is the stride."""
    stride = torch.randint(1, 4, (n,))
    start = torch.randint(VOCAB, (n,))
    seq = (start[:, None] + stride[:, None] * torch.arange(LEN)) % VOCAB
    noise = torch.rand(n, LEN) < 0.1
    return torch.where(noise, torch.randint(VOCAB, (n, LEN)), seq), stride - 1


class Encoder(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.tok = nn.Embedding(VOCAB + 1, dim)
        self.pos = nn.Parameter(0.02 * torch.randn(LEN, dim))
        self.blocks = nn.ModuleList(nn.GRU(dim, dim // 2, batch_first=True, bidirectional=True) for _ in range(2))

    def forward(self, ids):
        h = self.tok(ids) + self.pos
        for block in self.blocks:
            h = h + block(h)[0]
        return h


def corrupt(ids):
    chosen = torch.rand(ids.shape) < 0.2
    labels = ids.masked_fill(~chosen, -100)
    dice = torch.rand(ids.shape)
    out = ids.masked_fill(chosen & (dice < 0.8), MASK)
    swap = chosen & (dice >= 0.8) & (dice < 0.9)
    return torch.where(swap, torch.randint(VOCAB, ids.shape), out), labels


encoder = Encoder()
lm_head = nn.Linear(32, VOCAB)
corpus, _ = strings(1500)
opt = torch.optim.Adam([*encoder.parameters(), *lm_head.parameters()], lr=5e-3)
for epoch in range(4):
    losses = []
    for b in torch.randperm(len(corpus)).split(60):
        inputs, labels = corrupt(corpus[b])
        loss = F.cross_entropy(lm_head(encoder(inputs)).flatten(0, 1), labels.flatten(), ignore_index=-100)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    print(f"pretraining epoch {epoch + 1}: loss {sum(losses) / len(losses):.3f}")

x, y = strings(60)
x_test, y_test = strings(500)
head = nn.Linear(32, 3)
stages = [head, encoder.blocks[1], encoder.blocks[0]]
for p in encoder.parameters():
    p.requires_grad = False
opt = torch.optim.Adam(head.parameters(), lr=1e-2)
for epoch in range(9):
    if epoch in (3, 6):
        depth = epoch // 3
        stages[depth].requires_grad_(True)
        opt.add_param_group({"params": list(stages[depth].parameters()), "lr": 1e-2 * 0.3**depth})
    for b in torch.randperm(len(x)).split(15):
        opt.zero_grad()
        F.cross_entropy(head(encoder(x[b]).mean(1)), y[b]).backward()
        opt.step()
    if epoch % 3 == 2:
        with torch.no_grad():
            acc = (head(encoder(x_test).mean(1)).argmax(1) == y_test).float().mean().item()
        print(f"fine-tuning epoch {epoch + 1}: {len(opt.param_groups)} groups trained, accuracy {acc:.3f}")
