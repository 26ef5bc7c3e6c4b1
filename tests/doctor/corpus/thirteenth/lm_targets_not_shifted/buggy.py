import math

import torch
import torch.nn as nn

torch.manual_seed(6)
VOCAB, SEQ = 12, 20

# first-order Markov chain as the "language"
trans = torch.softmax(2.5 * torch.randn(VOCAB, VOCAB), dim=1)


def sample_corpus(n):
    toks = [torch.randint(0, VOCAB, (n,))]
    for _ in range(SEQ - 1):
        toks.append(torch.multinomial(trans[toks[-1]], 1).squeeze(1))
    return torch.stack(toks, dim=1)


class GRULM(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.head = nn.Linear(dim, VOCAB)

    def forward(self, tokens):
        h, _ = self.gru(self.emb(tokens))
        return self.head(h)


ce_loss = nn.CrossEntropyLoss()


def lm_loss(model, tokens):
    logits = model(tokens).transpose(1, 2)  # (N, V, T)
    return ce_loss(logits, tokens)


train, valid = sample_corpus(500), sample_corpus(100)
model = GRULM()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(6):
    model.train()
    for batch in train[torch.randperm(len(train))].split(25):
        loss = lm_loss(model, batch)
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        ppl = math.exp(lm_loss(model, valid).item())
    print(f"epoch {epoch + 1} train loss {loss.item():.3f} valid ppl {ppl:.2f}")
