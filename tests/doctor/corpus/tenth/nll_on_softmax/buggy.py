"""Toy topic classifier: bag of words -> 4 topics."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(13)
VOCAB, TOPICS, DOC_LEN = 200, 4, 24


def make_docs(n):
    topic = torch.randint(0, TOPICS, (n,))
    on_topic = topic[:, None] * 50 + torch.randint(0, 50, (n, DOC_LEN))
    noise = torch.randint(0, VOCAB, (n, DOC_LEN))
    keep = torch.rand(n, DOC_LEN) < 0.3
    return torch.where(keep, on_topic, noise), topic


class BowNet(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.emb = nn.EmbeddingBag(VOCAB, dim, mode="mean")
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(dim, TOPICS)

    def forward(self, docs):
        h = self.drop(self.emb(docs))
        return F.softmax(self.out(h), dim=1)


train_x, train_y = make_docs(1200)
val_x, val_y = make_docs(300)
net = BowNet()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)

for epoch in range(6):
    net.train()
    for idx in torch.randperm(len(train_x)).split(60):
        optimizer.zero_grad()
        loss = F.nll_loss(net(train_x[idx]), train_y[idx])
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        out = net(val_x)
        val_loss = F.nll_loss(out, val_y).item()
        acc = (out.argmax(1) == val_y).float().mean().item()
    print(f"epoch {epoch}: val loss {val_loss:.3f}, val acc {acc:.3f}")
