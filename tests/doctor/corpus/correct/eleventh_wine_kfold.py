import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)

# three cultivars, 13 chemical measurements, 180 bottles
centers = torch.randn(3, 13) * 0.9
target = torch.arange(180) % 3
data = 10 + 4 * (centers[target] + torch.randn(180, 13))

K = 5
perm = torch.randperm(180)
folds = perm.chunk(K)


def build():
    return nn.Sequential(nn.Linear(13, 20), nn.ReLU(), nn.Linear(20, 3))


def fit(x, y, epochs=25):
    model = build()
    opt = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-3)
    for _ in range(epochs):
        for b in torch.randperm(len(x)).split(24):
            opt.zero_grad()
            F.cross_entropy(model(x[b]), y[b]).backward()
            opt.step()
    return model


scores = []
for k in range(K):
    held_out = folds[k]
    rest = torch.cat([folds[j] for j in range(K) if j != k])
    # scaling is refitted in every fold
    mu, sd = data[rest].mean(0), data[rest].std(0)
    model = fit((data[rest] - mu) / sd, target[rest])
    model.eval()
    with torch.no_grad():
        guess = model((data[held_out] - mu) / sd).argmax(1)
    acc = (guess == target[held_out]).float().mean().item()
    scores.append(acc)
    print(f"fold {k}: n={len(held_out)} accuracy={acc:.3f}")

scores = torch.tensor(scores)
print(f"cross-validated accuracy {scores.mean():.3f} +/- {scores.std():.3f}")
