import copy
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

torch.manual_seed(6)
bunch = load_wine()
X = torch.tensor(bunch.data, dtype=torch.float32)
y = torch.tensor(bunch.target)
i_tr, i_te = train_test_split(torch.arange(len(y)).numpy(), test_size=0.4, stratify=bunch.target, random_state=6)
mu, sd = X[i_tr].mean(0), X[i_tr].std(0)
X = (X - mu) / sd
X = X + 1.2 * torch.randn_like(X)  # cheap instruments

CYCLES, EPOCHS_PER_CYCLE, BATCH = 5, 12, 16
steps = EPOCHS_PER_CYCLE * len(torch.arange(len(i_tr)).split(BATCH))
model = nn.Sequential(nn.Linear(13, 48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, 3))
opt = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
sched = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=steps)
i_tr, i_te = torch.as_tensor(i_tr), torch.as_tensor(i_te)
snapshots = []

for cycle in range(CYCLES):
    model.train()
    for epoch in range(EPOCHS_PER_CYCLE):
        for idx in i_tr[torch.randperm(len(i_tr))].split(BATCH):
            opt.zero_grad()
            loss = F.cross_entropy(model(X[idx]), y[idx])
            loss.backward()
            opt.step()
            sched.step()
    snapshots.append(model)


def ensemble_predict(members, x):
    probs = torch.zeros(len(x), 3)
    with torch.no_grad():
        for m in members:
            m.eval()
            probs += m(x).softmax(dim=1)
    return probs / len(members)


p = ensemble_predict(snapshots, X[i_te])
print("members", len(snapshots), "test accuracy", (p.argmax(1) == y[i_te]).float().mean().item())
