import torch
import torch.nn as nn
import torch.nn.functional as F


class TwoTower(nn.Module):
    """Scores a query against documents by cosine similarity."""

    def __init__(self, vocab, dim=32):
        super().__init__()
        self.bag = nn.EmbeddingBag(vocab, dim, mode="mean")
        self.project = nn.Linear(dim, dim)
        self.log_temp = nn.Parameter(torch.tensor(2.0))

    @torch.no_grad()
    def encode(self, ids):
        return F.normalize(self.project(torch.tanh(self.bag(ids))), dim=-1)

    def forward(self, queries, docs):
        return self.encode(queries) @ self.encode(docs).T * self.log_temp.exp()


class Retrieval:
    def __init__(self, vocab=120, length=10):
        self.vocab, self.length = vocab, length

    def pairs(self, n):
        topic = torch.randint(0, self.vocab // 6, (n, 1)) * 6
        q = topic + torch.randint(0, 6, (n, self.length))
        d = topic + torch.randint(0, 6, (n, self.length))
        noise = torch.rand(n, self.length) < 0.4
        return q, torch.where(noise, torch.randint(0, self.vocab, (n, self.length)), d), topic.squeeze(1)


torch.manual_seed(71)
task = Retrieval()
model = TwoTower(task.vocab)
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(150):
    model.train()
    q, d, topic = task.pairs(48)
    same = (topic[:, None] == topic[None, :]).float()
    loss = F.cross_entropy(model(q, d), same / same.sum(1, keepdim=True))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, round(loss.item(), 3))

model.eval()
q, d, topic = task.pairs(200)
with torch.no_grad():
    hit = topic[model(q, d).argmax(1)] == topic
print("top-1 on the right topic", hit.float().mean().item())
