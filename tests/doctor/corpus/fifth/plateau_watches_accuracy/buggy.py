import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.optim.lr_scheduler import ReduceLROnPlateau


def load():
    X, y = make_classification(n_samples=900, n_features=20, n_informative=10, n_classes=4,
                               n_clusters_per_class=2, class_sep=1.2, random_state=0)
    Xtr, Xva, ytr, yva = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
    sc = StandardScaler().fit(Xtr)
    tens = [torch.tensor(sc.transform(a), dtype=torch.float32) for a in (Xtr, Xva)]
    return tens[0], torch.tensor(ytr), tens[1], torch.tensor(yva)


class Classifier(nn.Module):
    def __init__(self, d, k):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(d, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 64), nn.ReLU())
        self.out = nn.Linear(64, k)

    def forward(self, x):
        return self.out(self.body(x))


@torch.no_grad()
def validate(model, x, y):
    model.eval()
    logits = model(x)
    acc = (logits.argmax(1) == y).float().mean().item()
    return acc, F.cross_entropy(logits, y).item()


def fit(model, data, opts):
    xtr, ytr, xva, yva = data
    opt = torch.optim.Adam(model.parameters(), lr=opts["lr"])
    plateau = ReduceLROnPlateau(opt, factor=opts["factor"], patience=opts["patience"])
    for epoch in range(opts["epochs"]):
        model.train()
        for idx in torch.randperm(len(xtr)).split(opts["batch"]):
            opt.zero_grad(set_to_none=True)
            loss = F.cross_entropy(model(xtr[idx]), ytr[idx])
            loss.backward()
            opt.step()
        scores = validate(model, xva, yva)
        plateau.step(scores[0])
    return scores


torch.manual_seed(8)
acc, ce = fit(Classifier(20, 4), load(), {"lr": 2e-3, "factor": 0.3, "patience": 2, "epochs": 20, "batch": 45})
print(f"validation accuracy {acc:.3f}, cross entropy {ce:.3f}")
