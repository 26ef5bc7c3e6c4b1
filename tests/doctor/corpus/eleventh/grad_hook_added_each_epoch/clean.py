import torch
from torch import nn

torch.manual_seed(31)
VOCAB, LEN, EPOCHS = 60, 12, 16


class BagClassifier(nn.Module):
    def __init__(self, dim=24):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, dim)
        self.out = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, tok):
        return self.out(self.emb(tok).mean(1))


def make(n):
    tok = torch.randint(0, VOCAB, (n, LEN))
    score = (tok % 7 == 0).sum(1) - (tok % 5 == 0).sum(1)
    return tok, (score >= 0).long()


xtr, ytr = make(1200)
xva, yva = make(400)
model = BagClassifier()
opt = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
loss_fn = nn.CrossEntropyLoss()

# embeddings learn at half the pace of the classifier
model.emb.weight.register_hook(lambda g: g * 0.5)
for epoch in range(EPOCHS):
    model.train()
    for idx in torch.randperm(len(xtr)).split(40):
        opt.zero_grad()
        loss = loss_fn(model(xtr[idx]), ytr[idx])
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        acc = (model(xva).argmax(1) == yva).float().mean().item()
    print(f"[{epoch + 1:02d}/{EPOCHS}] val acc {acc:.3f}")
