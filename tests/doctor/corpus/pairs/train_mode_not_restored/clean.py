import torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(11)
X = torch.rand(640, 12)
Y = ((X[:, :6].sum(1) - X[:, 6:].sum(1)) > 0).long()
Xtr, Ytr, Xva, Yva = X[:512], Y[:512], X[512:], Y[512:]

model = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Dropout(0.4), nn.Linear(48, 2))
optimizer = torch.optim.Adam(model.parameters(), 1e-3)

for epoch in range(6):
    model.train()
    perm = torch.randperm(512)
    running = 0.0
    for i in range(0, 512, 64):
        idx = perm[i : i + 64]
        loss = F.cross_entropy(model(Xtr[idx]), Ytr[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item() * len(idx)
    model.eval()
    with torch.no_grad():
        acc = (model(Xva).argmax(1) == Yva).float().mean().item()
    print(epoch, round(running / 512, 4), round(acc, 4))
