import torch, torch.nn as nn, torch.nn.functional as F
torch.manual_seed(3)
X = torch.randn(240, 6); Y = (X[:, 0] > X[:, 5]).long()
m = nn.Sequential(nn.Linear(6, 20), nn.ReLU(), nn.Dropout(.2), nn.Linear(20, 2))
lr = .1
for e in range(6):
    m.train(True)
    for b in torch.randperm(200).split(20):
        for p in m.parameters(): p.grad = None
        l = F.cross_entropy(m(X[b]), Y[b]); l.backward()
        with torch.no_grad():
            for p in m.parameters(): p -= lr * p.grad
    m.train(False)
    with torch.no_grad(): print(e, (m(X[200:]).argmax(1) == Y[200:]).float().mean().item())
