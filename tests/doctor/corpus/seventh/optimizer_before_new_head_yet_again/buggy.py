import io

import torch
from torch import nn, optim

torch.manual_seed(17)
VOCAB, PAD = 40, 0


class BagClassifier(nn.Module):
    def __init__(self, n_classes, dim=24):
        super().__init__()
        self.dim = dim
        self.table = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.body = nn.Sequential(nn.Linear(dim, dim), nn.ReLU())
        self.head = nn.Linear(dim, n_classes)

    def forward(self, tokens):
        mask = (tokens != PAD).unsqueeze(-1)
        mean = (self.table(tokens) * mask).sum(1) / mask.sum(1)
        return self.head(self.body(mean))

    def reset_head(self, n_classes):
        self.head = nn.Linear(self.dim, n_classes)
        return self


def documents(n, n_topics, offset):
    topic = torch.randint(0, n_topics, (n,))
    tokens = torch.randint(1, VOCAB, (n, 12))
    hint = 1 + (topic * 3 + offset).unsqueeze(1) % 36 + torch.randint(0, 3, (n, 12))
    tokens = torch.where(torch.rand(n, 12) < 0.35, hint, tokens)
    lengths = torch.randint(6, 13, (n, 1))
    return tokens.masked_fill(torch.arange(12) >= lengths, PAD), topic


def loop(model, opt, tokens, topic, epochs):
    criterion = nn.CrossEntropyLoss()
    for _ in range(epochs):
        model.train()
        for rows in torch.randperm(len(tokens)).split(32):
            opt.zero_grad()
            criterion(model(tokens[rows]), topic[rows]).backward()
            opt.step()


def score(model, tokens, topic):
    model.eval()
    with torch.no_grad():
        return (model(tokens).argmax(1) == topic).float().mean().item()


# ---- stage 1: many documents, ten topics
source = documents(2000, 10, 0)
model = BagClassifier(10)
loop(model, optim.Adam(model.parameters(), lr=5e-3), *source, epochs=6)
buffer = io.BytesIO()
torch.save(model.state_dict(), buffer)

# ---- stage 2: few documents, four topics
buffer.seek(0)
small = documents(200, 4, 1)
test = documents(500, 4, 1)
model = BagClassifier(10)
model.load_state_dict(torch.load(buffer))
opt = optim.Adam([
    {"params": [*model.table.parameters(), *model.body.parameters()], "lr": 3e-4},
    {"params": model.head.parameters(), "lr": 5e-3},
])
model.reset_head(4)
loop(model, opt, *small, epochs=12)
print("few-shot topics, test accuracy", round(score(model, *test), 3))
