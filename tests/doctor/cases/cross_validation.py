import torch, numpy as np, random
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler
from sklearn.model_selection import StratifiedKFold
from sklearn.metrics import roc_auc_score, f1_score
def set_seed(seed=0):
    random.seed(seed); np.random.seed(seed); torch.manual_seed(seed); torch.cuda.manual_seed_all(seed)
class Tab(Dataset):
    def __init__(self, X, y): self.X, self.y = torch.as_tensor(X, dtype=torch.float32), torch.as_tensor(y, dtype=torch.float32)
    def __len__(self): return len(self.y)
    def __getitem__(self, i): return self.X[i], self.y[i]
class EarlyStopping:
    def __init__(self, patience=5): self.patience, self.best, self.count, self.stop = patience, -np.inf, 0, False
    def __call__(self, score, model):
        if score > self.best:
            self.best, self.count = score, 0
            torch.save(model.state_dict(), "fold.pt")
        else:
            self.count += 1
            self.stop = self.count >= self.patience
set_seed(1)
X, y = np.load("X.npy"), np.load("y.npy")
scores = []
for fold, (tr, va) in enumerate(StratifiedKFold(5, shuffle=True, random_state=1).split(X, y)):
    mu, sd = X[tr].mean(0), X[tr].std(0) + 1e-8
    w = np.where(y[tr] == 1, 1 / y[tr].mean(), 1 / (1 - y[tr].mean()))
    tl = DataLoader(Tab((X[tr] - mu) / sd, y[tr]), 64, sampler=WeightedRandomSampler(torch.as_tensor(w), len(tr)))
    vl = DataLoader(Tab((X[va] - mu) / sd, y[va]), 256)
    net = nn.Sequential(nn.Linear(X.shape[1], 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 1))
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    es = EarlyStopping()
    for epoch in range(50):
        net.train()
        for xb, yb in tl:
            opt.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(net(xb).view(-1), yb)
            loss.backward()
            opt.step()
        net.eval()
        ps, ts = [], []
        with torch.no_grad():
            for xb, yb in vl:
                ps.append(torch.sigmoid(net(xb)).view(-1)); ts.append(yb)
        ps, ts = torch.cat(ps).numpy(), torch.cat(ts).numpy()
        auc = roc_auc_score(ts, ps)
        es(auc, net)
        if es.stop: break
    net.load_state_dict(torch.load("fold.pt"))
    scores.append(es.best)
    print(fold, es.best, f1_score(ts, ps > 0.5))
print(np.mean(scores))
