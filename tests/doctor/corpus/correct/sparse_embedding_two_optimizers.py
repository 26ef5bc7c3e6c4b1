import torch
from torch import nn

torch.manual_seed(67)
emb = nn.EmbeddingBag(500, 16, mode="mean", sparse=True)
clf = nn.Linear(16, 2)
opt_sparse = torch.optim.SparseAdam(list(emb.parameters()), lr=1e-2)
opt_dense = torch.optim.Adam(clf.parameters(), lr=1e-2)
docs = torch.randint(0, 500, (400, 10))
y = (docs.float().mean(1) > 250).long()
for epoch in range(6):
    emb.train(), clf.train()
    for i in torch.randperm(400).split(40):
        opt_sparse.zero_grad()
        opt_dense.zero_grad()
        loss = nn.functional.cross_entropy(clf(emb(docs[i])), y[i])
        loss.backward()
        opt_sparse.step()
        opt_dense.step()
    print(epoch, loss.item())
